/** Each refusal of the real emulator, by the call that provokes it. */

import { describe, expect, test } from 'vitest'
import type { Accepted } from '../../../services/runtime/views-of-mail.ts'
import { liveWorld, lunch, type Method } from './live-world.ts'

const world = liveWorld()

const move = { mailbox: 'bob', to: 'lon' }

describe('what is not there', () => {
  test.each<[Method, string, object | undefined, number, string]>([
    ['GET', '/sites/nowhere', undefined, 404, 'unknown-site'],
    ['DELETE', '/sites/nowhere', undefined, 404, 'unknown-site'],
    ['GET', '/sites/nowhere/events', undefined, 404, 'unknown-site'],
    ['GET', '/sites/nowhere/audit', undefined, 404, 'unknown-site'],
    ['POST', '/sites/nowhere/messages', lunch, 404, 'unknown-site'],
    ['GET', '{site}/mailboxes/nobody', undefined, 404, 'unknown-mailbox'],
    ['DELETE', '{site}/mailboxes/nobody', undefined, 404, 'unknown-mailbox'],
    ['GET', '{site}/mailboxes/nobody/messages', undefined, 404, 'unknown-mailbox'],
    ['GET', '{site}/mailboxes/anna/messages/none', undefined, 404, 'unknown-item'],
    ['DELETE', '{site}/mailboxes/anna/messages/none', undefined, 404, 'unknown-item'],
    ['GET', '{site}/messages/none', undefined, 404, 'unknown-message'],
    ['GET', '{site}/messages/none/recipients/anna', undefined, 404, 'unknown-message'],
    ['GET', '{site}/moves/none', undefined, 404, 'unknown-move'],
    ['POST', '{site}/moves/none/release', {}, 404, 'unknown-move'],
    ['POST', '{site}/moves/none/cancel', {}, 404, 'unknown-move'],
    ['GET', '{site}/faults/none', undefined, 404, 'unknown-fault'],
    ['DELETE', '{site}/faults/none', undefined, 404, 'unknown-fault'],
    ['PATCH', '{site}', { profile: 'exchange-6' }, 422, 'unknown-profile'],
    ['POST', '/sites', { name: 'x', servers: ['a'], profile: 'x' }, 422, 'unknown-profile'],
    ['PATCH', '{site}', { profile: { extends: 'x' } }, 422, 'unknown-profile'],
    ['PATCH', '{site}', { profile: 'modern+Q1' }, 422, 'unknown-defect'],
    ['POST', '{site}/moves', { mailbox: 'nobody', to: 'lon' }, 404, 'unknown-mailbox'],
    ['POST', '{site}/moves', { mailbox: 'anna', to: 'rome' }, 404, 'unknown-server'],
    ['POST', '{site}/moves', { mailbox: 'anna', to: 'lon', holdAt: 'x' }, 422, 'unknown-phase'],
    ['POST', '{site}/servers/rome/restart', { service: 'mta' }, 404, 'unknown-server'],
    ['POST', '{site}/messages', { ...lunch, server: 'rome' }, 404, 'unknown-server'],
    ['PUT', '{site}/mailboxes/erin', { server: 'rome' }, 404, 'unknown-server'],
    [
      'PUT',
      '{site}/mailboxes/erin',
      { server: 'nyc', alternateRecipient: 'nobody' },
      404,
      'unknown-mailbox',
    ],
    ['POST', '{site}/faults', { match: { event: 'x' }, do: { hold: true } }, 404, 'unknown-event'],
    ['POST', '{site}/faults', { match: { phase: 'x' }, do: { hold: true } }, 422, 'unknown-phase'],
    ['POST', '{site}/faults', { do: { move, holdUntil: 'x' } }, 422, 'unknown-phase'],
  ])('%s %s %j', async (method, path, payload, status, code) => {
    const { body } = await world.call(method, path.replace('{site}', world.site), payload)
    expect(body).toMatchObject({ status, code })
  })

  test('a recipient that the message was not for', async () => {
    const { body } = await world.post<Accepted>(`${world.site}/messages`, lunch)
    const answer = await world.get(`${world.site}/messages/${body.id}/recipients/anna`)
    expect(answer.body).toMatchObject({ status: 404, code: 'unknown-recipient' })
  })
})

describe('what cannot be', () => {
  test.each<[Method, string, object | undefined, number, string]>([
    ['POST', '/sites', { name: '{name}', servers: ['nyc'] }, 409, 'site-exists'],
    ['POST', '{site}/moves', { mailbox: 'anna', to: 'nyc' }, 422, 'same-server'],
    ['POST', '{site}/moves', { mailbox: 'outside', to: 'lon' }, 409, 'reserved-mailbox'],
    ['PUT', '{site}/mailboxes/outside', { server: 'nyc' }, 409, 'reserved-mailbox'],
    ['DELETE', '{site}/mailboxes/outside', undefined, 409, 'reserved-mailbox'],
    [
      'PUT',
      '{site}/mailboxes/anna',
      { server: 'nyc', alternateRecipient: 'anna' },
      422,
      'alternate-to-self',
    ],
    [
      'PUT',
      '{site}/mailboxes/erin',
      { server: 'nyc', addresses: ['anna@{name}.example'] },
      409,
      'mailbox-exists',
    ],
    ['POST', '{site}/step', {}, 409, 'not-held'],
  ])('%s %s %j', async (method, path, payload, status, code) => {
    const name = world.site.replace('/sites/', '')
    const named = payload && JSON.parse(JSON.stringify(payload).replaceAll('{name}', name))
    const { body } = await world.call(method, path.replace('{site}', world.site), named)
    expect(body).toMatchObject({ status, code })
  })
})
