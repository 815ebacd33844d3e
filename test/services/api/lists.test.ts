/** Distribution lists over HTTP: made, changed, read, deleted, and what is refused. */

import { describe, expect, test } from 'vitest'
import { LIST_MEMBERS_MAX } from '../../../machines/expansion.ts'
import { liveWorld, lunch, type Method } from './live-world.ts'

const world = liveWorld()

test('a list is made, found, changed and deleted', async () => {
  const place = `${world.site}/lists/team`
  const domain = `${world.site.split('/').at(-1)}.example`
  const members = ['anna', `Dave@${domain}`, 'far@away.example', 'dave']
  const made = await world.call('PUT', place, { members, addresses: ['all@away.example'] })
  expect(made.status).toBe(201)
  expect(made.headers.location).toBe(place)
  expect(made.body).toMatchObject({
    alias: 'team',
    addresses: [`team@${domain}`, 'all@away.example'],
    members: ['anna', 'dave', 'far@away.example'],
    ...{ reportToOriginator: true, maxBytes: null, server: 'nyc', version: 1 },
    replicas: { nyc: { version: 1, members: 3 }, lon: { version: 1, members: 3 } },
    caches: { nyc: null, lon: null },
  })
  expect((await world.get(world.site)).body).toMatchObject({
    mailboxes: ['anna', 'bob', 'carol', 'dave'],
    lists: ['team'],
  })
  expect((await world.get(`${world.site}/lists`)).body).toMatchObject({ lists: [made.body] })

  const changed = await world.call('PUT', place, { members: ['team-2', 'bob'], maxBytes: 1_000 })
  expect(changed.body).toMatchObject({ status: 422, code: 'unknown-member' })
  const again = await world.call('PUT', place, { members: ['bob'], maxBytes: 1_000 })
  expect(again.status).toBe(200)
  expect(again.body).toMatchObject({ members: ['bob'], maxBytes: 1_000, version: 2 })

  expect((await world.call('DELETE', place)).status).toBe(204)
  expect((await world.get(place)).body).toMatchObject({ status: 404, code: 'unknown-list' })
  expect((await world.get(world.site)).body).not.toHaveProperty('lists')
})

test('mail to a list, by its alias or any of its addresses, goes to its members', async () => {
  const list = { members: ['bob', 'dave'], addresses: ['all@away.example'] }
  await world.call('PUT', `${world.site}/lists/team`, list)
  const to = ['team', 'all@away.example']
  const { body } = await world.post<{ id: string }>(`${world.site}/messages`, { ...lunch, to })
  for (const alias of ['bob', 'dave']) {
    const answer = await world.get(
      `${world.site}/messages/${body.id}/recipients/${alias}?until=delivered`,
    )
    expect(answer.body).toMatchObject({ reached: true, entries: [{ lists: ['team'] }] })
  }
  expect((await world.get(`${world.site}/audit?rest=20s`)).body).toMatchObject({
    ...{ accepted: 1, obligations: 2, delivered: 2, lost: [], unexpected: [] },
  })
})

describe('what is refused', () => {
  const many = Array.from({ length: LIST_MEMBERS_MAX + 1 }, (_, i) => `m${i}@away.example`)
  test.each<[Method, string, object | undefined, number, string]>([
    ['GET', '/lists/nobody', undefined, 404, 'unknown-list'],
    ['GET', '/lists/anna', undefined, 404, 'unknown-list'],
    ['DELETE', '/lists/anna', undefined, 404, 'unknown-list'],
    ['GET', '/mailboxes/team', undefined, 404, 'unknown-mailbox'],
    ['GET', '/mailboxes/team/messages', undefined, 404, 'unknown-mailbox'],
    ['DELETE', '/mailboxes/team', undefined, 404, 'unknown-mailbox'],
    ['POST', '/moves', { mailbox: 'team', to: 'lon' }, 404, 'unknown-mailbox'],
    ['PUT', '/mailboxes/team', { server: 'nyc' }, 409, 'list-exists'],
    ['PUT', '/lists/anna', { members: ['bob'] }, 409, 'mailbox-exists'],
    ['PUT', '/lists/outside', { members: ['bob'] }, 409, 'reserved-mailbox'],
    ['PUT', '/lists/team', { members: ['bob', 'TEAM'] }, 422, 'list-in-itself'],
    ['PUT', '/lists/team', { members: ['nobody'] }, 422, 'unknown-member'],
    ['PUT', '/lists/team', { members: ['two words'] }, 400, 'malformed-address'],
    ['PUT', '/lists/team', { members: many }, 400, 'too-many-members'],
    ['PUT', '/lists/team', { members: ['bob'], server: 'rome' }, 404, 'unknown-server'],
    ['PUT', '/lists/team', { members: ['bob'], maxBytes: 0 }, 400, 'bad-request'],
    ['PUT', '/lists/team', {}, 400, 'bad-request'],
  ])('%s %s', async (method, path, payload, status, code) => {
    await world.call('PUT', `${world.site}/lists/team`, { members: ['anna'] })
    const { body } = await world.call(method, `${world.site}${path}`, payload)
    expect(body).toMatchObject({ status, code })
  })

  test('of a new site', async () => {
    const site = { name: 'with-lists', servers: ['a'], mailboxes: [{ alias: 'ann', server: 'a' }] }
    for (const [lists, code] of [
      [[{ alias: 'ann', members: [] }], 'mailbox-exists'],
      [[{ alias: 'all', members: ['ben'] }], 'unknown-member'],
      [[{ alias: 'all', members: ['all'] }], 'list-in-itself'],
    ] as const) {
      expect((await world.post('/sites', { ...site, lists })).body).toMatchObject({ code })
    }
  })
})
