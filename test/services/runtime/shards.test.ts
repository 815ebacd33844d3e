/**
 * A site of sixteen shards, as on a cluster: poison, dead letters, counts and retention reach
 * across them. One Redis stands for all masters; that every call stays within a slot a cluster
 * would see.
 */
import type { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { openEmulator } from '../../../services/runtime/live.ts'
import { startWorkers } from '../../../services/workers.ts'
import { startBareWorkers } from '../../support/bare-workers.ts'
import { freshConnection } from '../../support/redis.ts'
import { ALL_ROLES, DEMO, FLAWLESS, soon } from '../../support/site.ts'

const MESSAGES = 10
const NONSENSE = JSON.stringify({ v: 1, s: 'nonsense', c: {}, a: {} })

test('an ending, its report and its dead letter; then all of it is trimmed', async () => {
  const connection = { ...freshConnection(), shards: 16 }
  const emulator = await openEmulator(connection, { lagMs: Number.POSITIVE_INFINITY })
  onTestFinished(() => emulator.close())
  await emulator.createSite({ ...DEMO, name: 'lab' })
  const client = connection.client() as Redis
  onTestFinished(() => client.disconnect())
  const keys = async (pattern: string) =>
    (await client.keys(pattern)).filter((key) => key.includes(connection.namespace))
  const [box = ''] = await keys('*box:nyc/bob')
  const sound = (await client.hget(box, 'actor')) ?? ''
  await client.hset(box, 'actor', NONSENSE)

  const roles = [...ALL_ROLES]
  const workers = await startWorkers(connection, { roles, attemptsMax: 2 })
  onTestFinished(() => workers.close())
  const mail = { from: 'carol', to: ['bob', 'dave', 'nobody'], subject: 'x', text: '' }
  for (let i = 0; i < MESSAGES; i++) await emulator.accept('lab', mail)
  await expect.poll(async () => (await emulator.audit('lab', 1_000)).atRest, soon).toBe(true)
  const ended = { ...FLAWLESS, delivered: MESSAGES, reported: 2 * MESSAGES }
  expect(await emulator.audit('lab')).toMatchObject({ ...ended, deadLetters: MESSAGES })
  const { total, deadLetters } = await emulator.deadLetters('lab', { offset: 0, limit: 3 })
  expect([total, deadLetters.length]).toEqual([MESSAGES, 3])

  await client.hset(box, 'actor', sound)
  const bare = await startBareWorkers(connection, 'lab')
  onTestFinished(() => bare.close())
  expect(await bare.trim({ messages: 0 })).toBe(MESSAGES)
  expect(await emulator.audit('lab')).toMatchObject({ ...ended, trimmed: MESSAGES })
  const left = (await keys('*lab*')).filter((key) => /:(message|content|log):|:box:.*:/.test(key))
  expect(left).toEqual([])
})
