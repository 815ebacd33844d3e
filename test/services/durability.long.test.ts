/**
 * The three modes of durability on real servers of each configuration: which are promised, which
 * are refused, and what accept waits for.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import { assureOrRefuse, checkRedis } from '../../services/redis/check.ts'
import { type Durability, readFacts } from '../../services/redis/durability.ts'
import type { Client } from '../../services/runtime/commit.ts'
import { CONFIRM_WITHIN_MS, openConfirmation } from '../../services/runtime/confirm.ts'
import { openEmulator } from '../../services/runtime/live.ts'
import type { RedisBinary } from '../../services/setup/find-redis.mjs'
import { findValkey } from '../../services/setup/valkey.mjs'
import { type OwnRedis, startOwnRedis } from '../support/own-redis.ts'
import { plainEnvironment, startProgram } from '../support/program.ts'
import { DEMO, soon } from '../support/site.ts'

const AOF = ['--appendonly', 'yes']
const aof = (fsync: string) => [...AOF, '--appendfsync', fsync]

/** What is said of a mode on this server, or why it is refused. */
async function said(redis: OwnRedis, durability: Durability, replicas?: number): Promise<string> {
  const connection = redis.connect({ durability, ...(replicas !== undefined && { replicas }) })
  const facts = await checkRedis(connection)
  try {
    return assureOrRefuse(connection, facts).words
  } catch (error) {
    return (error as Error).message
  }
}

test('without an append-only file only memory is promised, snapshots or not', async () => {
  const redis = await startOwnRedis(['--save', '60 1'])
  expect(await said(redis, 'memory')).toContain('gone with the Redis')
  expect(await said(redis, 'everysec')).toMatch(/cannot keep 'everysec'.*Set appendonly yes/)
  expect(await said(redis, 'always')).toMatch(/cannot keep 'always'.*Set appendonly yes/)
})

test('appendfsync no is left to the system, and neither mode of the disk is kept', async () => {
  const redis = await startOwnRedis(aof('no'))
  expect(await said(redis, 'everysec')).toMatch(/Set appendfsync everysec/)
  expect(await said(redis, 'always')).toMatch(/cannot keep 'always'/)
})

test('appendfsync always keeps every mode, and nothing is waited for', async () => {
  const redis = await startOwnRedis(aof('always'))
  expect(await said(redis, 'everysec')).toContain('written every second')
  expect(await said(redis, 'always')).toBe('written before it is acknowledged')
  const confirmation = await confirmationOf(redis, 'always')
  expect(confirmation.assurance).toMatchObject({ disk: false, replicas: 0, unknown: [] })
})

test('appendfsync everysec cannot keep always where the disk cannot be asked', async () => {
  const redis = await startOwnRedis(aof('everysec'))
  expect(await said(redis, 'everysec')).toContain('written every second')
  if ((await readFacts(redis.client)).waitsForDisk) return
  expect(await said(redis, 'always')).toMatch(/has no WAITAOF.*Set appendfsync always/)
  await expect(openEmulator(redis.connect({ durability: 'always' }))).rejects.toThrow('WAITAOF')
})

const valkey = findValkey()
describe.runIf(valkey !== null)('a server that knows WAITAOF', () => {
  const start = () => startOwnRedis(aof('everysec'), { binary: valkey as RedisBinary })

  test('keeps always with appendfsync everysec: one wait serves many messages', async () => {
    const redis = await start()
    expect(await said(redis, 'always')).toBe('written before it is acknowledged')
    const { emulator, accepted } = await acceptMany(redis, 'always', 20)
    expect(new Set(accepted.map(({ durability }) => durability))).toEqual(new Set(['always']))
    const { calls } = await callsOf(redis, 'waitaof')
    expect(calls).toBeGreaterThan(0)
    expect(calls).toBeLessThan(20)
    const { durability } = await emulator.ready()
    expect(durability).toMatchObject({ mode: 'always', waitsFor: ['the disk'] })
  })

  test('whose disk is not written to: 503 without its word, then the same message', async () => {
    const redis = await start()
    const { emulator } = await acceptMany(redis, 'always', 1)
    const mail = { from: 'carol', to: ['dave'], subject: 'x', text: '' }
    await redis.client.config('SET', 'appendfsync', 'no')
    await expect(emulator.accept('lab', mail, 'key-2')).rejects.toMatchObject({
      code: 'unavailable',
      message: `Redis has no word from its disk within ${CONFIRM_WITHIN_MS} ms.`,
    })
    await redis.client.config('SET', 'appendfsync', 'everysec')
    expect(await emulator.accept('lab', mail, 'key-2')).toMatchObject({ replayed: true })
    expect((await emulator.messages('lab', { offset: 0, limit: 1 })).total).toBe(2)
  })
})

test('a server that refuses CONFIG: what it does not tell is named as unknown', async () => {
  const redis = await startOwnRedis(aof('everysec'))
  await redis.client.call('ACL', 'SETUSER', 'default', '-config')
  const connection = redis.connect({ durability: 'everysec' })
  const assurance = assureOrRefuse(connection, await checkRedis(connection))
  expect(assurance.unknown).toEqual(['how often its append-only file is written'])
  const emulator = await openEmulator(connection)
  onTestFinished(() => emulator.close())
  expect((await emulator.ready()).durability).toMatchObject({ unknown: assurance.unknown })
})

test('a configuration that was made worse since the start is said at /readyz', async () => {
  const redis = await startOwnRedis(aof('always'))
  const emulator = await openEmulator(redis.connect({ durability: 'always' }))
  onTestFinished(() => emulator.close())
  const check = async () => (await emulator.ready()).checks.durability
  expect(await check()).toBe('ok')
  await redis.client.config('SET', 'maxmemory-policy', 'allkeys-random')
  expect(await check()).toContain('allkeys-random by now')
  await redis.client.config('SET', 'maxmemory-policy', 'noeviction', 'appendfsync', 'no')
  expect(await check()).toContain('it leaves it to the system')
  await redis.client.config('SET', 'appendfsync', 'always')
  expect(await check()).toBe('ok')
})

test('always waits for a replica: 503 without its word, then the same message', async () => {
  const { redis, replica } = await startPair()
  expect(await said(redis, 'everysec')).toContain('a fail-over may cost what no replica had yet')
  expect(await said(redis, 'always')).toContain('and held by 1 of its 1 replicas')
  expect(await said(redis, 'always', 2)).toContain('--replicas asks for the word of 2')
  const confirmation = await confirmationOf(redis, 'always', 300)
  const { emulator, accepted } = await acceptMany(redis, 'always', 20)
  expect(accepted).toHaveLength(20)
  const { calls } = await callsOf(redis, 'wait')
  expect(calls).toBeGreaterThan(0)
  expect(calls).toBeLessThan(20)

  const settings = { namespace: 'own', site: 'lab', shards: 1 } as never
  replica.child.kill('SIGSTOP')
  const id = accepted[0]?.id ?? ''
  // A write that the replica has not seen; what it had before is still its word.
  await redis.client.set('later', '1')
  await expect(confirmation.confirm(settings, id)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'Redis has no word from 1 of its replicas within 300 ms.',
  })
  replica.child.kill('SIGCONT')
  await confirmation.confirm(settings, id)
  const mail = { from: 'carol', to: ['dave'], subject: 'x', text: '' }
  const first = await emulator.accept('lab', mail, 'key-1')
  expect(await emulator.accept('lab', mail, 'key-1')).toEqual({ ...first, replayed: true })
})

test('a message that the server has lost meanwhile is not confirmed', async () => {
  const { redis } = await startPair()
  const confirmation = await confirmationOf(redis, 'always', 300)
  const { accepted } = await acceptMany(redis, 'always', 1)
  const settings = { namespace: 'own', site: 'lab', shards: 1 } as never
  await confirmation.confirm(settings, accepted[0]?.id ?? '')
  await redis.client.flushall()
  await expect(confirmation.confirm(settings, accepted[0]?.id ?? '')).rejects.toMatchObject({
    code: 'unavailable',
  })
})

test('the service says at its start what it promises, and refuses what it cannot', async () => {
  const redis = await startOwnRedis(aof('always'))
  const start = (...more: string[]) =>
    startProgram(
      ['services/main.ts', '--redis-url', redis.url, '--port', '0', '--no-demo', ...more],
      plainEnvironment(),
    )
  const service = start('--durability', 'always')
  expect(await service.line(/^ {2}durability/)).toBe(
    '  durability  always: written before it is acknowledged',
  )
  service.child.kill('SIGTERM')
  await service.ended
  await redis.client.config('SET', 'appendonly', 'no')
  const refused = start('--durability', 'everysec')
  expect(await refused.ended).toEqual({ code: 1, signal: null })
  expect(refused.lines.join('\n')).toContain("cannot keep 'everysec'")
})

async function startPair(): Promise<{ redis: OwnRedis; replica: OwnRedis }> {
  const redis = await startOwnRedis([
    ...aof('always'),
    ...['--port', '0', '--repl-diskless-sync-delay', '0'],
  ])
  // A replica needs an address: any free port that the system gives.
  const port = await freePort()
  await redis.client.config('SET', 'port', `${port}`)
  const replica = await startOwnRedis(['--replicaof', '127.0.0.1', `${port}`])
  await expect.poll(() => replica.client.info('replication'), soon).toContain('link_status:up')
  await expect.poll(() => redis.said('replication', 'connected_slaves'), soon).toBe(1)
  return { redis, replica }
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

async function confirmationOf(redis: OwnRedis, durability: Durability, withinMs?: number) {
  const connection = redis.connect({ durability })
  const confirmation = await openConfirmation(connection, redis.client as Client, withinMs)
  onTestFinished(() => confirmation.close())
  return confirmation
}

async function acceptMany(redis: OwnRedis, durability: Durability, count: number) {
  const emulator = await openEmulator(redis.connect({ durability }), {
    lagMs: Number.POSITIVE_INFINITY,
  })
  onTestFinished(() => emulator.close())
  await emulator.createSite({ ...DEMO, name: 'lab' })
  const mail = { from: 'carol', to: ['dave'], subject: 'x', text: '' }
  const all = Array.from({ length: count }, () => emulator.accept('lab', mail))
  return { emulator, accepted: await Promise.all(all) }
}

async function callsOf(redis: OwnRedis, command: string): Promise<{ calls: number }> {
  const stats = await redis.client.info('commandstats')
  return { calls: Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1]) }
}
