/**
 * The embedded Redis, with real processes: it keeps its data, belongs to one service, comes back
 * when it dies, and never outlives the service, however that ends.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from '../../services/redis/connect.ts'
import { type EmbeddedOptions, openEmbedded } from '../../services/redis/embedded.ts'
import { type Binding, bestBinding } from '../../services/redis/launch.ts'
import type { Holder } from '../../services/redis/lock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expectGone, identityOf, startProgram } from '../support/program.ts'

async function open(options: EmbeddedOptions) {
  const log: string[] = []
  const redis = await openEmbedded({ log: (line) => log.push(line), ...options })
  onTestFinished(() => redis.kill())
  const client = connect({
    redisUrl: redis.url,
    namespace: 'x',
    durability: options.durability,
    log: () => undefined,
  }).client()
  onTestFinished(() => client.disconnect())
  return { redis, client, log }
}

const lockOf = (folder: string): Holder =>
  JSON.parse(readFileSync(join(folder, 'service.lock'), 'utf8')) as Holder

const socketOf = (url: string): string => url.slice('unix://'.length)

test('it listens on a short socket only, evicts nothing and is on time', async () => {
  const { redis, client } = await open({ durability: 'memory', memoryMegabytes: 64 })
  expect(Buffer.byteLength(socketOf(redis.url))).toBeLessThanOrEqual(103)
  const settings = await client.config(
    'GET',
    ...['port', 'maxmemory-policy', 'maxmemory', 'hz', 'appendonly'],
  )
  expect(Object.fromEntries(pairs(settings))).toEqual({
    port: '0',
    'maxmemory-policy': 'noeviction',
    maxmemory: `${64 * 1_048_576}`,
    hz: '100',
    appendonly: 'no',
  })
  await redis.stop()
  expect(existsSync(dirname(socketOf(redis.url)))).toBe(false)
})

test.each(['everysec', 'always'] as const)('%s: a second start picks up the data', async (how) => {
  const dataFolder = join(temporaryFolder(), 'made', 'when', 'needed')
  const first = await open({ durability: how, dataFolder })
  const fsync = await first.client.config('GET', 'appendfsync')
  expect(Object.fromEntries(pairs(fsync))).toEqual({ appendfsync: how })
  await first.client.set('kept', 'yes')
  await first.redis.stop()
  expect(existsSync(join(dataFolder, 'service.lock'))).toBe(false)
  const second = await open({ durability: how, dataFolder })
  expect(await second.client.get('kept')).toBe('yes')
  await second.redis.stop()
})

test('a second service on the same data folder is told who has it', async () => {
  const dataFolder = temporaryFolder()
  const { redis } = await open({ durability: 'always', dataFolder })
  const other = startProgram(['test/support/embedded-fixture.ts', dataFolder])
  expect(await other.ended).toEqual({ code: 1, signal: null })
  expect(other.lines).toEqual([
    `The data folder ${dataFolder} is in use by another service (process ${process.pid}).`,
    'Stop that one, or give this one a folder of its own with --data.',
  ])
  await redis.stop()
})

test('a lock whose process id belongs to somebody else by now is taken over', async () => {
  const dataFolder = temporaryFolder()
  const dead = { pid: process.pid, identity: 'of another boot' }
  const holder: Holder = { service: dead, redis: dead, socketFolder: '/nowhere' }
  writeFileSync(join(dataFolder, 'service.lock'), JSON.stringify(holder))
  const { redis } = await open({ durability: 'always', dataFolder })
  expect(lockOf(dataFolder).service).toEqual(identityOf(process.pid))
  await redis.stop()
})

test('a damaged lock and a folder that cannot be made are reasons in words', async () => {
  const dataFolder = temporaryFolder()
  writeFileSync(join(dataFolder, 'service.lock'), '{')
  await expect(openEmbedded({ durability: 'always', dataFolder })).rejects.toThrow('is damaged')
  const inAFile = join(dataFolder, 'service.lock', 'data')
  await expect(openEmbedded({ durability: 'always', dataFolder: inAFile })).rejects.toThrow(
    `The data folder ${inAFile} cannot be written`,
  )
})

test('killed, it is started again at the same place with its data', async () => {
  const dataFolder = temporaryFolder()
  const { redis, client, log } = await open({ durability: 'always', dataFolder })
  await client.set('kept', 'yes')
  const first = identityOf(redis.pid() ?? 0)
  process.kill(first.pid, 'SIGKILL')
  expect(await client.get('kept')).toBe('yes')
  expect(redis.pid()).not.toBe(first.pid)
  expect(lockOf(dataFolder).redis).toEqual(identityOf(redis.pid() ?? 0))
  expect(log).toEqual(['The embedded Redis died (signal SIGKILL); it is started again in 50 ms.'])
  await redis.stop()
})

test('a Redis that does not start is given up, with what it said', async () => {
  const dataFolder = temporaryFolder()
  const { redis } = await open({ durability: 'always', dataFolder })
  await redis.stop()
  const manifest = join(dataFolder, 'appendonlydir', 'appendonly.aof.manifest')
  writeFileSync(manifest, 'nonsense\n')
  const again = openEmbedded({ durability: 'always', dataFolder, log: () => undefined })
  await expect(again).rejects.toThrow(/embedded Redis does not start[\s\S]*It said:[\s\S]*manifest/)
  expect(existsSync(join(dataFolder, 'service.lock'))).toBe(false)
})

const bindings: Binding[] = bestBinding() === 'pdeathsig' ? ['pdeathsig', 'watchdog'] : ['watchdog']

test.each(bindings)(
  '%s: SIGKILL of the service leaves no Redis, and nothing is lost',
  async (how) => {
    const dataFolder = temporaryFolder()
    const service = startProgram(['test/support/embedded-fixture.ts', dataFolder, how])
    const [, pid = '', url = ''] = /redis (\d+) at (.*)/.exec(await service.line(/^redis/)) ?? []
    const client = connect({
      redisUrl: url,
      namespace: 'x',
      durability: 'always',
      log: () => undefined,
    }).client()
    await client.set('kept', 'yes')
    client.disconnect()
    const [redis, first] = [identityOf(Number(pid)), identityOf(service.pid)]
    service.child.kill('SIGKILL')
    // Until then the folder is its own, and rightly refused; its Redis may still be about to end.
    await expectGone(first)
    const second = await open({ durability: 'always', dataFolder })
    await expectGone(redis)
    expect(await second.client.get('kept')).toBe('yes')
    expect(existsSync(dirname(socketOf(url)))).toBe(false)
    await second.redis.stop()
  },
)

/** A reply of names and values, as RESP3 (an object) or as RESP2 (a flat list) gives it. */
function pairs(reply: unknown): [string, string][] {
  if (!Array.isArray(reply)) return Object.entries(reply as Record<string, string>)
  return reply.flatMap((name, index) => (index % 2 === 0 ? [[name, reply[index + 1]]] : []))
}
