/**
 * Hostile names against the real thing: those of JavaScript's own objects, and those that are HTML.
 * Afterwards the service delivers, and its ledgers are clean.
 */

import { afterEach, describe, expect, test } from 'vitest'
import { FLAWLESS } from '../../support/site.ts'
import { hostile } from './hostile-world.ts'
import { liveWorld } from './live-world.ts'
import { ask } from './raw-client.ts'

const world = liveWorld()
const { send } = hostile(world)
const json = { 'content-type': 'application/json' }

describe('the prototype', () => {
  afterEach(() => {
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('names of JavaScript are names of sites, servers and mailboxes', async () => {
    const names = ['constructor', 'prototype', 'valueof', 'hasownproperty']
    const [name, ...aliases] = names as [string, ...string[]]
    const mailboxes = aliases.map((alias) => ({ alias, server: 'constructor' }))
    const site = { name, servers: ['constructor', 'prototype'], mailboxes }
    expect((await send('/sites', site)).status).toBe(201)
    const mail = { from: 'prototype', to: aliases }
    const { body } = await send('/sites/constructor/messages', mail)
    const moved = { mailbox: 'prototype', to: 'prototype' }
    expect((await send('/sites/constructor/moves', moved)).status).toBe(201)
    const rule = { match: { mailbox: 'constructor' }, do: { defer: true } }
    expect((await send('/sites/constructor/faults', rule)).status).toBe(201)
    const { id } = JSON.parse(body)
    for (const alias of aliases) {
      const path = `/sites/constructor/messages/${id}/recipients/${alias}`
      const settled = await ask(world.origin, { path: `${path}?until=delivered&timeout=20s` })
      expect(JSON.parse(settled.body)).toMatchObject({ reached: true })
    }
    const audit = await ask(world.origin, { path: '/sites/constructor/audit?rest=20s' })
    expect(JSON.parse(audit.body)).toMatchObject({ atRest: true, delivered: 3, ...FLAWLESS })
    const removed = await ask(world.origin, { method: 'DELETE', path: '/sites/constructor' })
    expect(removed.status).toBe(204)
  })

  test.each([
    '{"__proto__":{"polluted":1},"from":"carol","to":["dave"]}',
    '{"constructor":{"prototype":{"polluted":1}},"from":"carol","to":["dave"]}',
    '{"from":"carol","to":["dave"],"priority":"__proto__"}',
    '{"from":"carol","to":["dave"],"notify":["constructor"]}',
    '{"from":"__proto__","to":["__proto__"]}',
    '{"from":"carol","to":{"length":1,"0":"dave"}}',
  ])('a message %s is refused', async (body) => {
    expect((await send(`${world.site}/messages`, body)).status).toBe(400)
  })

  test.each(['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty'])(
    '%s is no profile, defect, phase, kind or event',
    async (word) => {
      const change = (profile: unknown) =>
        ask(world.origin, {
          method: 'PATCH',
          path: world.site,
          headers: json,
          body: JSON.stringify({ profile }),
        })
      for (const answer of [
        await change(word),
        await change({ extends: word }),
        await change({ extends: 'modern', defects: [word] }),
        await change({ extends: 'modern', toString: 1 }),
        await send(`${world.site}/moves`, { mailbox: 'anna', to: 'lon', holdAt: word }),
        await send(`${world.site}/faults`, { match: { event: word }, do: { hold: true } }),
        await send(`${world.site}/faults`, { match: { kind: word }, do: { hold: true } }),
      ]) {
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(answer.status).toBeLessThan(500)
      }
      const query = `?${word}=1&${word}[polluted]=1`
      const asked = await ask(world.origin, { path: `${world.site}/messages${query}` })
      expect(asked.status).toBe(400)
    },
  )

  test('header fields of a message may be called so', async () => {
    const raw = '__proto__: 1\r\nconstructor: 2\r\ntoString: 3\r\nSubject: x\r\n\r\nx\r\n'
    const { body } = await send(`${world.site}/messages`, { from: 'carol', to: ['dave'], raw })
    await world.settled(JSON.parse(body).id, 'dave')
    const folder = `${world.site}/mailboxes/dave/messages`
    const { items } = JSON.parse((await ask(world.origin, { path: folder })).body)
    const path = `${folder}/${encodeURIComponent(items[0].id)}`
    const { headers } = JSON.parse((await ask(world.origin, { path })).body)
    expect(headers).toMatchObject({ constructor: '2', tostring: '3' })
  })
})

describe('a name that is HTML', () => {
  const html = '<img src=x onerror=alert(1)>'
  const address = `"${html}"@example.com`

  test('is data wherever it is shown', async () => {
    const subject = `${html}<script>alert(1)</script>`
    const text = `From: "${html}" <carol@example.com>\r\nSubject: ${subject}\r\n\r\n${html}\r\n`
    const mail = { from: 'carol', to: ['dave', address], raw: text }
    const { id } = JSON.parse((await send(`${world.site}/messages`, mail)).body)
    await world.settled(id, 'dave')
    const name = world.site.replace('/sites/', '')
    const query = `activeQueue=${name}.nyc.mta&status=latest&page=1&jobsPerPage=10`
    const shown = [
      `${world.site}/messages/${id}`,
      `${world.site}/mailboxes/dave/messages`,
      `${world.site}/messages/${encodeURIComponent(id)}/recipients/${encodeURIComponent(address)}`,
      `/queues/api/queues?${query}`,
    ]
    for (const path of shown) {
      const { status, headers, body } = await ask(world.origin, { path })
      expect(status, path).toBe(200)
      expect(body, path).toContain('onerror=alert(1)')
      expect(headers['content-type'], path).toContain('application/json')
      expect(headers['x-content-type-options'], path).toBe('nosniff')
      expect(headers['content-security-policy'], path).toContain('sandbox')
    }
  })

  test('is in no page, and could do nothing there', async () => {
    const evil = encodeURIComponent(`"><script>alert(1)</script>${html}`)
    const pages = [
      '/',
      '/problems',
      '/docs',
      '/queues',
      `/queues/queue/${evil}`,
      `/login?next=/${evil}`,
    ]
    for (const path of pages) {
      const { headers, body } = await ask(world.origin, { path })
      expect(body, path).not.toContain('<script>alert(1)')
      expect(body, path).not.toContain('<img src=x')
      const policy = String(headers['content-security-policy'])
      expect(policy, path).toMatch(/default-src '(none|self)'/)
      expect(policy, path).not.toMatch(/script-src|unsafe-eval|https?:/)
      expect(policy, path).toContain("frame-ancestors 'none'")
    }
  })

  test('is quoted as data in a refusal', async () => {
    const { headers, body } = await ask(world.origin, { path: `/${html.replaceAll(' ', '%20')}` })
    expect(headers['content-type']).toContain('application/problem+json')
    expect(JSON.parse(body).status).toBe(404)
  })
})
