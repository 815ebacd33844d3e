/**
 * Clients that would keep the service busy for ever: patterns that backtrack, bodies and streams
 * without end. Afterwards the service delivers, and its ledgers are clean.
 */

import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { BODY_BYTES_MAX } from '../../../services/api/limits.ts'
import { hostile } from './hostile-world.ts'
import { liveWorld, lunch } from './live-world.ts'
import { ask } from './raw-client.ts'

const world = liveWorld()
const { send } = hostile(world)

/** Long enough that a pattern that looks twice for each character would take hours. */
const LONG = 300_000
const BOMBS = ['//', 'a.', '"\\"', '-', ' ', '\t', 'a ', '1d', '9', '@', 'a@', '[', '(', 'é', '.0']

describe('a text made for a pattern that backtracks', () => {
  test.each(BOMBS)('%j, again and again', { timeout: 60_000 }, async (unit) => {
    const bomb = unit.repeat(LONG / unit.length)
    const started = performance.now()
    const answers = [
      await send(`${world.site}/messages`, { ...lunch, to: [bomb] }),
      await send(`${world.site}/messages`, { ...lunch, to: [`${bomb}@example.com`] }),
      await send(`${world.site}/messages`, { ...lunch, from: `a@${bomb}` }),
      await send(`${world.site}/messages`, { ...lunch, subject: bomb }),
      await send(`${world.site}/messages`, {
        from: 'carol',
        to: ['dave'],
        raw: `${bomb}x\r\n\r\n`,
      }),
      await send('/sites', { name: bomb, servers: ['a'] }),
      await send('/sites', { name: 'x', servers: ['a'], ttl: `${bomb}x` }),
      await send(`${world.site}/clock`, { advance: `${bomb}x` }),
      await send(`${world.site}/step`, { event: `${bomb}x` }),
      await send(`${world.site}/faults`, { match: { event: `${bomb}x` }, do: { hold: true } }),
      await send('/sites', { [bomb]: 1 }),
    ]
    expect(performance.now() - started).toBeLessThan(30_000)
    for (const { status, body } of answers) {
      expect([400, 404, 409, 422]).toContain(status)
      expect(body.length).toBeLessThan(10_000)
    }
  })

  test('in the header of a message that is taken', { timeout: 60_000 }, async () => {
    const subject = `Subject:${' '.repeat(30_000)}x`
    const folded = `X: y${'\r\n '.repeat(20_000)}z`
    const raw = `${subject}\r\n${folded}\r\n\r\nx\r\n`
    const { body, status } = await send(`${world.site}/messages`, {
      from: 'carol',
      to: ['dave'],
      raw,
    })
    expect(status).toBe(202)
    await world.settled(JSON.parse(body).id, 'dave')
    const list = await ask(world.origin, { path: `${world.site}/mailboxes/dave/messages` })
    expect(JSON.parse(list.body).total).toBe(1)
  })
})

describe('what never ends', () => {
  test('a body: it is refused once it is too large, and the connection closed', async () => {
    const { hostname, port } = new URL(world.origin)
    const { sent, heard } = await new Promise<{ sent: number; heard: string }>((resolve) => {
      let sent = 0
      let heard = ''
      const part = `10000\r\n${' '.repeat(0x10000)}\r\n`
      const socket = connect(Number(port), hostname, () => {
        socket.write('POST /sites HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n')
        socket.write('Content-Type: application/json\r\n\r\n')
        pour()
      })
      const pour = () => {
        if (socket.destroyed) return
        sent += part.length
        socket.write(part, pour)
      }
      socket.setEncoding('latin1').on('data', (text) => {
        heard += text
      })
      socket.on('error', () => socket.destroy())
      socket.on('close', () => resolve({ sent, heard }))
    })
    expect(heard).toMatch(/^$|^HTTP\/1\.1 413 /)
    expect(sent).toBeLessThan(4 * BODY_BYTES_MAX)
  })

  test('an event stream that nobody reads holds up nobody else', async () => {
    const { hostname, port } = new URL(world.origin)
    const path = `${world.site}/events?after=0`
    const deaf = connect(Number(port), hostname)
    deaf.pause()
    deaf.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const sent = await Promise.all(
      Array.from({ length: 100 }, () => send(`${world.site}/messages`, lunch)),
    )
    for (const { body } of sent) await world.settled(JSON.parse(body).id, 'dave')
    let heard = ''
    deaf.setEncoding('utf8').on('data', (text) => {
      heard += text
    })
    deaf.resume()
    const told = () => sent.filter(({ body }) => heard.includes(JSON.parse(body).id)).length
    await expect.poll(told, { timeout: 20_000 }).toBe(100)
    deaf.destroy()
  })
})
