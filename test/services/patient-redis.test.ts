/**
 * A command that was written before its connection was ready is answered by the next one, and what
 * BullMQ leaves open ends.
 */
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { openLink } from '../../services/chaos/link.ts'
import { PatientRedis } from '../../services/redis/patient-redis.ts'
import { startNode } from '../support/redis-nodes.ts'

/** Errors are told by the way, and end nothing. */
const event = (client: Redis, name: string): Promise<void> =>
  new Promise((resolve) => void client.once(name, () => resolve()))

/** Asks a server that answers nobody; the connection ends, and the server is itself again. */
async function askedEarly(Client: typeof Redis | typeof PatientRedis): Promise<string> {
  const node = await startNode([])
  const link = await openLink({ port: node.port })
  onTestFinished(() => link.close())
  node.child.kill('SIGSTOP')
  const client = new Client({
    port: link.port,
    maxRetriesPerRequest: null,
    retryStrategy: () => 20,
  })
  onTestFinished(() => client.disconnect())
  client.on('error', () => undefined)
  await event(client, 'connect')
  let told = 'nothing'
  client.info('memory').then(
    (text) => {
      told = text
    },
    (error: Error) => {
      told = error.message
    },
  )
  expect(client.commandQueue.toArray().map(({ command }) => command.args)).toContainEqual([
    'memory',
  ])
  link.poison({ kind: 'reset' })
  expect(link.hits('reset')).toBe(1)
  await event(client, 'close')
  node.child.kill('SIGCONT')
  await event(client, 'ready')
  // Answers come in order: whatever was sent again has its own by now.
  await client.ping()
  return told
}

test('its own client sees to that', async () => {
  expect(await askedEarly(PatientRedis)).toContain('used_memory:')
})

test('another client tells nobody anything', async () => {
  expect(await askedEarly(Redis)).toBe('nothing')
})

/** A worker whose Redis has just gone, and the connection on which it waits for jobs. */
async function withoutRedis(Client: typeof Redis | typeof PatientRedis) {
  const node = await startNode([])
  const client = new Client({ port: node.port, maxRetriesPerRequest: null })
  const worker = new Worker('left-behind', async () => undefined, { connection: client })
  for (const one of [client, worker]) one.on('error', () => undefined)
  await worker.waitUntilReady()
  const backend = worker.getBackend() as unknown as { blockingConnection: { _client: Redis } }
  const { _client: waiting } = backend.blockingConnection
  node.child.kill('SIGKILL')
  await event(waiting, 'reconnecting')
  return { client, worker, waiting }
}

/**
 * Redis is gone for good when a worker is closed: how often its waiting connection was told to end.
 */
async function endings(Client: typeof Redis | typeof PatientRedis): Promise<number> {
  const { client, worker, waiting } = await withoutRedis(Client)
  await worker.close(true)
  let ended = 0
  const { disconnect } = waiting
  waiting.disconnect = (...args) => {
    ended++
    disconnect.apply(waiting, args)
  }
  client.disconnect()
  const told = ended
  waiting.disconnect()
  return told
}

test('a worker that is closed without its Redis leaves no connection behind', async () => {
  expect(await endings(PatientRedis)).toBeGreaterThan(0)
})

test('with another client it does', async () => {
  expect(await endings(Redis)).toBe(0)
})

/** Told to end between two attempts to connect: whether it says so, and refuses what was asked. */
async function ending(Client: typeof Redis | typeof PatientRedis): Promise<string[]> {
  const node = await startNode([])
  const client = new Client({ port: node.port, maxRetriesPerRequest: null })
  client.on('error', () => undefined)
  await event(client, 'ready')
  node.child.kill('SIGKILL')
  await event(client, 'reconnecting')
  const heard: string[] = []
  client.once('end', () => heard.push('end'))
  client.ping().catch(({ message }: Error) => heard.push(message))
  client.disconnect()
  // No timer is left that could still do it.
  await new Promise((resolve) => setImmediate(resolve))
  return heard.sort()
}

test('one that is between two attempts to connect ends when it is told to', async () => {
  expect(await ending(PatientRedis)).toEqual(['Connection is closed.', 'end'])
})

test('another client says nothing, and whoever waits for its end waits for ever', async () => {
  expect(await ending(Redis)).toEqual([])
})

test('a worker is closed while its connections come back', async () => {
  const { client, worker } = await withoutRedis(PatientRedis)
  await worker.close()
  client.disconnect()
})

test('commands of one moment leave in one write, and none waits for longer', async () => {
  const node = await startNode([])
  const client = new PatientRedis({ port: node.port })
  onTestFinished(() => client.disconnect())
  await event(client, 'ready')
  const answers = [client.set('a', '1'), client.get('a')]
  expect(client.stream.writableCorked).toBe(1)
  await new Promise((resolve) => setImmediate(resolve))
  expect(client.stream.writableCorked).toBe(0)
  expect(await Promise.all(answers)).toEqual(['OK', '1'])
})
