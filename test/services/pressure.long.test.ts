/**
 * Back-pressure, and a Redis or a disk that is full: new mail is refused in time, work in progress
 * ends, and nothing that was accepted is lost. Each fault is shown to have happened.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildApp } from '../../services/api/app.ts'
import type { Connection } from '../../services/redis/connect.ts'
import { LAG_LIMIT_MS, type Limits } from '../../services/runtime/admission.ts'
import type { Emulator } from '../../services/runtime/emulator.ts'
import { openEmulator } from '../../services/runtime/live.ts'
import { startWorkers } from '../../services/workers.ts'
import { type OwnRedis, startOwnRedis } from '../support/own-redis.ts'
import { ALL_ROLES, DEMO, FLAWLESS, soon } from '../support/site.ts'

const mail = { from: 'carol', to: ['dave', 'bob'], subject: 'Lunch?', text: 'At noon.' }
const BIG = 'x'.repeat(200_000)

/** Where the machine's own business is not what is tested. */
const NEVER_LATE = { lagMs: Number.POSITIVE_INFINITY }

/** An emulator with a site `lab` on that Redis, and workers once they are asked for. */
async function laboratory(redis: OwnRedis, limits: Partial<Limits> = {}, more = {}) {
  const connection = redis.connect(more)
  const emulator = await openEmulator(connection, { ...NEVER_LATE, ...limits })
  onTestFinished(() => emulator.close())
  await emulator.createSite({ ...DEMO, name: 'lab' })
  return { connection, emulator, work: () => work(connection) }
}

async function work(connection: Connection): Promise<void> {
  const workers = await startWorkers(connection, { roles: [...ALL_ROLES] })
  onTestFinished(() => workers.close())
}

/** Posts a message to the API over the emulator. */
async function poster(emulator: Emulator, connection: Connection) {
  const app = await buildApp({ emulator, connection, log: 'silent' })
  onTestFinished(() => app.close())
  return () => app.inject({ method: 'POST', url: '/sites/lab/messages', payload: mail })
}

/** Sends until it is refused, and says how many were accepted and the refusal. */
async function sendUntilRefused(emulator: Emulator, text: string, most: number) {
  for (let accepted = 0; accepted < most; accepted++) {
    try {
      await emulator.accept('lab', { ...mail, text })
    } catch (refusal) {
      return { accepted, refusal: refusal as Error & { code?: string } }
    }
  }
  throw new Error(`${most} were accepted and none was refused`)
}

/** All of them, once each, and no event was given up for what was the server's trouble. */
async function expectAllDelivered(emulator: Emulator, messages: number): Promise<void> {
  await expect
    .poll(async () => (await emulator.audit('lab', 1_000)).atRest, { timeout: 25_000 })
    .toBe(true)
  const all = { ...FLAWLESS, accepted: 2 * messages, delivered: 2 * messages, deadLetters: 0 }
  expect(await emulator.audit('lab')).toMatchObject(all)
}

test('a full queue: 503 with Retry-After, until its work is done', async () => {
  const redis = await startOwnRedis()
  const { emulator, connection, work } = await laboratory(redis, { queue: 30 })
  const post = await poster(emulator, connection)
  const { accepted, refusal } = await sendUntilRefused(emulator, 'x', 100)
  expect(refusal).toMatchObject({ code: 'overloaded' })
  expect(accepted).toBeGreaterThan(10)
  expect(accepted).toBeLessThanOrEqual(30)
  const answer = await post()
  expect(answer.statusCode).toBe(503)
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect(answer.headers['retry-after']).toBe('5')
  expect(answer.json()).toMatchObject({ code: 'overloaded', retryAfter: 5 })
  expect(answer.json().detail).toContain('events of lab are under way; 30 are the most')
  await work()
  await expectAllDelivered(emulator, accepted)
  await expect.poll(async () => (await post()).statusCode, soon).toBe(202)
})

test('Redis nearly full: new mail is refused while it still writes, work goes on', async () => {
  const redis = await startOwnRedis(['--maxmemory', '24mb'])
  const { emulator, work } = await laboratory(redis)
  const { accepted, refusal } = await sendUntilRefused(emulator, BIG, 200)
  expect(refusal).toMatchObject({ code: 'overloaded' })
  expect(refusal.message).toMatch(/Redis uses \d+% of its memory/)
  await work()
  await expectAllDelivered(emulator, accepted)
  expect(await redis.client.info('errorstats')).not.toContain('OOM')
})

test('a late event loop: refused at once, and taken when it has caught up', async () => {
  const redis = await startOwnRedis()
  const { emulator, connection } = await laboratory(redis, { lagMs: LAG_LIMIT_MS })
  const post = await poster(emulator, connection)
  await expect.poll(async () => (await post()).statusCode, soon).toBe(202)
  const until = performance.now() + LAG_LIMIT_MS + 200
  while (performance.now() < until) JSON.stringify(DEMO)
  const answer = await post()
  expect(answer.statusCode).toBe(503)
  expect(answer.headers['retry-after']).toBe('1')
  expect(answer.json().detail).toMatch(/This process is \d{4} ms behind/)
  await expect.poll(async () => (await post()).statusCode, soon).toBe(202)
})

test('Redis full (OOM): 503, and all that was accepted arrives once there is room', async () => {
  const redis = await startOwnRedis(['--maxmemory', '24mb'])
  const { emulator, connection, work } = await laboratory(redis, { memoryShare: 10 })
  const post = await poster(emulator, connection)
  await work()
  const first = await emulator.accept('lab', mail)
  const holding = { match: { event: 'mail.offered' }, do: { hold: true } } as const
  const rule = await emulator.addFault('lab', holding)
  const { accepted, refusal } = await sendUntilRefused(emulator, BIG, 200)
  expect(refusal.message).toContain('OOM')
  await redis.client.config('SET', 'maxmemory', '10mb')
  expect((await post()).json()).toMatchObject({ code: 'unavailable' })
  // Work in progress meets a full Redis as well, and is still there afterwards.
  const oom = async () =>
    Number(/errorstat_OOM:count=(\d+)/.exec(await redis.client.info('errorstats'))?.[1] ?? 0)
  const before = await oom()
  expect(before).toBeGreaterThan(0)
  await expect.poll(oom, soon).toBeGreaterThan(before + 20)
  await redis.client.config('SET', 'maxmemory', '0')
  await emulator.deleteFault('lab', rule.id)
  expect((await emulator.message('lab', first.id)).id).toBe(first.id)
  // A refusal of Redis does not say whether it was written: what is there counts.
  const { total } = await emulator.messages('lab', { offset: 0, limit: 1 })
  expect(total).toBeGreaterThanOrEqual(accepted + 1)
  await expectAllDelivered(emulator, total)
})

/** Files of this process may not grow any more; a write beyond that fails, as on a full disk. */
function fillDisk(redis: OwnRedis, room: number): void {
  const folder = join(redis.folder, 'appendonlydir')
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  const limit = Math.max(...sizes) + room
  execFileSync('prlimit', ['--pid', `${redis.child.pid}`, `--fsize=${limit}:unlimited`])
}
const freeDisk = (redis: OwnRedis): void => {
  execFileSync('prlimit', ['--pid', `${redis.child.pid}`, '--fsize=unlimited:unlimited'])
}
/** The signal that goes with the error must not end Redis, which a full disk does not send. */
const UNKILLED = ['sh', '-c', 'trap "" XFSZ; exec "$0" "$@"']
const aof = (fsync: string) => ['--appendonly', 'yes', '--appendfsync', fsync]

test('the disk full with everysec (MISCONF): 503, and all arrives once there is room', async () => {
  const redis = await startOwnRedis(aof('everysec'), { wrap: UNKILLED })
  const { emulator, connection, work } = await laboratory(redis, {}, { durability: 'everysec' })
  const post = await poster(emulator, connection)
  await work()
  await emulator.accept('lab', mail)
  fillDisk(redis, 300_000)
  const { accepted, refusal } = await sendUntilRefused(emulator, BIG, 400)
  expect(refusal.message).toContain('MISCONF')
  expect(await redis.said('persistence', 'aof_last_write_status')).toBeNaN()
  expect(await redis.client.info('persistence')).toContain('aof_last_write_status:err')
  expect((await post()).headers['retry-after']).toBe('1')
  freeDisk(redis)
  await expect
    .poll(() => redis.client.info('persistence'), soon)
    .toContain('aof_last_write_status:ok')
  const { total } = await emulator.messages('lab', { offset: 0, limit: 1 })
  expect(total).toBeGreaterThanOrEqual(accepted + 1)
  await expectAllDelivered(emulator, total)
})

test('the disk full with always: Redis ends itself, and started again has all of it', async () => {
  const redis = await startOwnRedis(aof('always'), { wrap: UNKILLED })
  const first = await laboratory(redis, {}, { durability: 'always' })
  fillDisk(redis, 1_000_000)
  const ids: string[] = []
  let going = true
  const gone = once(redis.child, 'exit')
  const sending = (async () => {
    while (going) ids.push((await first.emulator.accept('lab', { ...mail, text: BIG })).id)
  })()
  expect(await gone).toEqual([1, null])
  const before = ids.length
  expect(before).toBeGreaterThan(0)
  const again = await startOwnRedis(aof('always'), { folder: redis.folder })
  // The one request that was under way waited for Redis to be back, and goes on.
  await expect.poll(() => ids.length, soon).toBeGreaterThan(before)
  going = false
  await sending
  const emulator = await openEmulator(again.connect({ durability: 'always' }))
  onTestFinished(() => emulator.close())
  for (const id of ids) expect((await emulator.message('lab', id)).id).toBe(id)
})
