/**
 * What may die around the service: a Redis of the user's, a worker that is asked to end, a client
 * in the middle of its request. What was accepted before is kept, and who waited is answered.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { expectConforms } from '../support/conforms.ts'
import { type OwnRedis, startOwnRedis } from '../support/own-redis.ts'
import { type Program, startProgram } from '../support/program.ts'
import { FLAWLESS, soon } from '../support/site.ts'

const NAMESPACE = 'deaths'
const KEEPS_ALL = ['--appendonly', 'yes', '--appendfsync', 'always']
const LONG = { timeout: 90_000 }

function run(redis: OwnRedis, ...args: string[]): Program {
  const where = ['--redis-url', redis.url, '--namespace', NAMESPACE]
  return startProgram(['services/main.ts', ...where, ...args])
}

async function start(redis: OwnRedis): Promise<{ service: Program; url: string }> {
  const service = run(redis, '--port', '0')
  await service.line(/^ {2}processes/)
  const [, url = ''] = /HTTP +(\S+)/.exec(await service.line(/^ {2}HTTP/)) ?? []
  return { service, url }
}

const request = (key: string) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', 'idempotency-key': key },
  body: JSON.stringify({ from: 'carol', to: ['bob', 'dave'], subject: key }),
})
const messages = (url: string) => `${url}/sites/demo/messages`

async function send(url: string, key: string): Promise<string> {
  const answer = await fetch(messages(url), request(key))
  expect(answer.status).toBe(202)
  return ((await answer.json()) as { id: string }).id
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status
const audit = async (url: string) => (await fetch(`${url}/sites/demo/audit?rest=5s`)).json()

/** Each of so many messages is in both mailboxes, once. */
async function expectDelivered(url: string, count: number): Promise<void> {
  const all = { ...FLAWLESS, atRest: true, accepted: 2 * count, delivered: 2 * count }
  await expect.poll(() => audit(url), { timeout: 40_000 }).toMatchObject(all)
  await expectConforms(url)
}

test('a Redis of the user is killed and started again: who waits is answered', LONG, async () => {
  const redis = await startOwnRedis(KEEPS_ALL)
  const { url } = await start(redis)
  await Promise.all(Array.from({ length: 20 }, (_, i) => send(url, `before-${i}`)))
  const gone = once(redis.child, 'exit')
  redis.child.kill('SIGKILL')
  await gone

  const waiting = fetch(messages(url), request('meanwhile'))
  await expect.poll(() => statusOf(`${url}/readyz`), soon).toBe(503)
  expect(await statusOf(`${url}/healthz`)).toBe(200)

  await startOwnRedis(KEEPS_ALL, { folder: redis.folder })
  const answer = await waiting
  // It may not know whether the command was done before the connection broke; then it says so.
  expect([202, 503]).toContain(answer.status)
  const id = await send(url, 'meanwhile')
  if (answer.status === 202) expect(await answer.json()).toMatchObject({ id })
  await expect.poll(() => statusOf(`${url}/readyz`), soon).toBe(200)
  await expectDelivered(url, 21)
})

test('a worker that is asked to end under load finishes, and another goes on', LONG, async () => {
  const redis = await startOwnRedis(KEEPS_ALL)
  const api = run(redis, '--role', 'api', '--port', '0')
  const [, url = ''] = /(http:\S+)/.exec(await api.line(/http:/)) ?? []
  const roles = ['--role', 'mta,store,moves,directory']
  const [first] = await Promise.all(
    [run(redis, ...roles), run(redis, ...roles)].map(async (worker) => {
      await worker.line(/ up \(process \d+\)/)
      return worker
    }),
  )
  const site = { name: 'demo', servers: ['nyc', 'lon'], mailboxes: MAILBOXES }
  const headers = { 'content-type': 'application/json' }
  const made = await fetch(`${url}/sites`, { method: 'POST', headers, body: JSON.stringify(site) })
  expect([201, 409]).toContain(made.status)
  let sent = 0
  const load = async (): Promise<void> => {
    for (let left = 40; left > 0; left--) await send(url, `letter-${sent++}`)
  }
  const loads = [load(), load(), load()]
  await expect.poll(() => sent, { ...soon, interval: 1 }).toBeGreaterThan(20)
  first?.child.kill('SIGTERM')
  expect(await first?.ended).toEqual({ code: 0, signal: null })
  expect(sent).toBeLessThan(120)
  await Promise.all(loads)
  await expectDelivered(url, 120)
})

const MAILBOXES = [
  ...['anna', 'bob', 'carol'].map((alias) => ({ alias, server: 'nyc' })),
  { alias: 'dave', server: 'lon' },
]

test('a client that goes in the middle of its request has its message once', LONG, async () => {
  const redis = await startOwnRedis(KEEPS_ALL)
  const { url } = await start(redis)
  const { hostname, port, host } = new URL(url)
  const keys = Array.from({ length: 10 }, (_, i) => `cut-${i}`)
  for (const key of keys) {
    const { body, headers } = request(key)
    const lines = Object.entries({ ...headers, host, 'content-length': body.length })
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    await new Promise((resolve) =>
      socket.write(`POST /sites/demo/messages HTTP/1.1\r\n${head}\r\n${body}`, resolve),
    )
    socket.destroy()
  }
  const waits = new AbortController()
  const id = await send(url, 'watched')
  const place = `${messages(url)}/${id}/recipients/dave?until=reported&timeout=20s`
  const streams = [`${url}/sites/demo/events`, place].map((path) =>
    fetch(path, { signal: waits.signal }),
  )
  await streams[0]
  waits.abort()
  await Promise.allSettled(streams)
  for (const key of keys) await send(url, key)
  await expectDelivered(url, keys.length + 1)
})
