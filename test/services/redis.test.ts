/**
 * Redis: which URLs are understood, that no password is ever shown, clients on one Redis and on a
 * cluster, and the check of a Redis that is not our own.
 */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { checkRedis } from '../../services/redis/check.ts'
import { connect } from '../../services/redis/connect.ts'
import { parseRedisUrl, redact } from '../../services/redis/url.ts'
import { findRedis } from '../../services/setup/find-redis.mjs'
import { temporaryFolder } from '../support/folder.ts'
import { freshConnection, openClients } from '../support/redis.ts'

test.each([
  ['redis://h', { kind: 'tcp', tls: false, host: 'h', port: 6379, db: 0 }],
  ['redis://h:1/3', { kind: 'tcp', tls: false, host: 'h', port: 1, db: 3 }],
  ['redis://[::1]:7', { kind: 'tcp', tls: false, host: '::1', port: 7, db: 0 }],
  [
    'rediss://u:p%40w@h:1',
    { kind: 'tcp', tls: true, host: 'h', port: 1, db: 0, username: 'u', password: 'p@w' },
  ],
  ['/run/r.sock', { kind: 'unix', path: '/run/r.sock', db: 0 }],
  ['unix:///run/r.sock?db=2', { kind: 'unix', path: '/run/r.sock', db: 2 }],
  ['redis+unix:///run/r.sock', { kind: 'unix', path: '/run/r.sock', db: 0 }],
  ['redis+unix:/run/r.sock', { kind: 'unix', path: '/run/r.sock', db: 0 }],
  ['unix://:pw@/run/r.sock', { kind: 'unix', path: '/run/r.sock', db: 0, password: 'pw' }],
  [
    'rediss://:pw@a:1, b:2,rediss://c',
    {
      kind: 'cluster',
      tls: true,
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: 'c', port: 6379 },
      ],
      db: 0,
      password: 'pw',
    },
  ],
])('%s is understood', (url, target) => {
  expect(parseRedisUrl(url)).toEqual(target)
})

test.each([
  ['', 'it is empty'],
  ['localhost:6379', 'begins with neither'],
  ['http://h', 'begins with neither'],
  ['redis://', 'it names no host'],
  ['redis://h:port', 'it is not a URL'],
  ['redis://h/first', "'first' is not the number of a database"],
  ['redis://a:1/2,b:2', 'a cluster has no database but 0'],
  ['unix://', 'it names no path'],
  ['unix:///a,unix:///b', 'by hosts, not by sockets'],
  ['redis://u:%zz@h', '% that is not followed'],
])("'%s' is refused: %s", (url, why) => {
  expect(() => parseRedisUrl(url)).toThrow(why)
})

test.each([
  ['redis://h:6379/1', 'redis://h:6379/1'],
  ['redis://user@h:6379', 'redis://user@h:6379'],
  ['redis://user:secret@h:6379', 'redis://user:***@h:6379'],
  ['rediss://:secret@h', 'rediss://:***@h'],
  ['redis://user:se/cr@et@h', 'redis://user:***@h'],
  ['unix://:secret@/run/r.sock', 'unix://:***@/run/r.sock'],
  ['unix:///run/r.sock?password=secret&db=1', 'unix:///run/r.sock?password=***&db=1'],
  ['redis://:secret@a:1,redis://:secret@b:2', 'redis://:***@b:2'],
  ['user:secret@h:6379', 'user:***@h:6379'],
])('%s is shown as %s', (url, shown) => {
  expect(redact(url)).toBe(shown)
})

test('an error about a URL does not tell its password', () => {
  expect(() => parseRedisUrl('redis://u:secret@h/x')).toThrow('redis://u:***@h/x')
})

test('each client is a new one, named after the namespace, and waits for its Redis', async () => {
  const connection = freshConnection()
  expect(connection).toMatchObject({ cluster: false, shards: 1, durability: 'memory' })
  const clients = [connection.client(), connection.client()]
  for (const client of clients) expect(await client.ping()).toBe('PONG')
  expect(clients[0]).not.toBe(clients[1])
  expect(clients[0]?.options).toMatchObject({ maxRetriesPerRequest: null })
  expect(await openClients(connection)).toHaveLength(2)
  for (const client of clients) client.disconnect()
  await expect.poll(() => openClients(connection)).toEqual([])
})

test('trouble is told once, without the password, and so is its end', async () => {
  const told: string[] = []
  const folder = temporaryFolder()
  const socket = join(folder, 'r.sock')
  const client = connect({
    redisUrl: `unix://:secret@${socket}`,
    namespace: 'x',
    durability: 'memory',
    log: (line) => told.push(line),
  }).client()
  onTestFinished(() => client.disconnect())
  const troubles = new Promise<void>((resolve) => {
    let count = 0
    client.on('error', () => ++count === 3 && resolve())
  })
  await troubles
  expect(told).toEqual([`Redis at unix://:***@${socket}: connect ENOENT ${socket}`])
  const server = spawnRedis(['--port', '0', '--unixsocket', socket, '--requirepass', 'secret'])
  onTestFinished(() => void server.kill('SIGKILL'))
  await expect.poll(() => told.length, { timeout: 5_000 }).toBe(2)
  expect(told[1]).toBe(`Redis at unix://:***@${socket}: connected again`)
})

test('a Redis that is there passes the check; one that throws keys away is refused', async () => {
  expect(await checkRedis(freshConnection())).toMatchObject({ policy: 'noeviction' })
  const socket = join(temporaryFolder(), 'r.sock')
  const policy = ['--maxmemory-policy', 'allkeys-lru']
  const server = spawnRedis(['--port', '0', '--unixsocket', socket, ...policy])
  onTestFinished(() => void server.kill('SIGKILL'))
  const connection = connect({
    redisUrl: socket,
    namespace: 'x',
    durability: 'memory',
    log: () => undefined,
  })
  await expect(checkRedis(connection)).rejects.toThrow(/allkeys-lru.*Set it to noeviction/)
})

test('a Redis that is not there, and one that refuses, are reasons in words', async () => {
  const connection = (redisUrl: string) =>
    connect({ redisUrl, namespace: 'x', durability: 'memory', log: () => undefined })
  await expect(checkRedis(connection('/nowhere/r.sock'), 200)).rejects.toThrow(
    'No Redis at /nowhere/r.sock: connect ENOENT /nowhere/r.sock.',
  )
  const wrong = inject('redisUrl').replace('unix://', 'unix://nobody:secret@')
  await expect(checkRedis(connection(wrong), 2_000)).rejects.toThrow(/unix:\/\/nobody:\*\*\*@/)
})

test('a comma list reaches a cluster, whose sites have sixteen shards', async () => {
  const port = await freePort()
  const folder = temporaryFolder()
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())]
  const known = ['--cluster-announce-ip', '127.0.0.1']
  const server = spawnRedis(['--port', String(port), '--dir', folder, ...cluster, ...known])
  onTestFinished(() => void server.kill('SIGKILL'))
  const one = connect({
    redisUrl: `redis://127.0.0.1:${port}`,
    namespace: 'x',
    durability: 'memory',
    log: () => undefined,
  }).client()
  await one.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await expect.poll(() => one.call('CLUSTER', 'INFO'), { timeout: 5_000 }).toContain('state:ok')
  one.disconnect()
  const connection = connect({
    redisUrl: `redis://127.0.0.1:${port},127.0.0.1:${port}`,
    namespace: 'x',
    durability: 'memory',
  })
  expect(connection).toMatchObject({ cluster: true, shards: 16 })
  expect(await checkRedis(connection)).toMatchObject({ policy: 'noeviction', replicas: 0 })
  const client = connection.client()
  onTestFinished(() => client.disconnect())
  await client.set('{a}:1', 'here')
  expect(await client.get('{a}:1')).toBe('here')
})

function spawnRedis(args: string[]) {
  const binary = findRedis()
  if (binary === null) throw new Error('there is no Redis on the PATH')
  return spawn(binary.path, [...args, '--save', ''], { argv0: binary.name, stdio: 'ignore' })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}
