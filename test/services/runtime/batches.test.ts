/**
 * Batches of moves: so many at a time, each move in one place, and nothing lost when whoever drives
 * them dies.
 */
import { expect, test } from 'vitest'
import { driveBatches } from '../../../services/runtime/batches.ts'
import type { Client } from '../../../services/runtime/commit.ts'
import { withCommit } from '../../../services/runtime/commit.ts'
import type { Door } from '../../../services/runtime/inject.ts'
import { openQueues } from '../../../services/runtime/queues.ts'
import type { Settings } from '../../../services/runtime/settings.ts'
import type { BatchView } from '../../../services/runtime/views-of-driving.ts'
import { liveSites, soon } from '../../support/site.ts'

const sites = liveSites()

const ALIASES = Array.from({ length: 12 }, (_, i) => `user-${i}`)

const open = () =>
  sites.open({
    servers: ['nyc', 'lon'],
    mailboxes: ALIASES.map((alias) => ({ alias, server: 'nyc' })),
  })

const moves = ALIASES.map((mailbox) => ({ mailbox, to: 'lon' }))

const sum = (batch: BatchView): number =>
  batch.waiting +
  batch.running +
  batch.completed +
  batch.rolledBack +
  batch.refused +
  batch.cancelled

async function ended(site: string, id: string): Promise<BatchView> {
  await expect
    .poll(async () => (await sites.emulator.batch(site, id)).state, soon)
    .not.toBe('running')
  return sites.emulator.batch(site, id)
}

test('all of them are moved, never more than so many at a time', async () => {
  const site = await open()
  const { emulator } = sites
  const begun = await emulator.startBatch(site, { moves, concurrency: 3 })
  expect(begun).toMatchObject({ total: 12, concurrency: 3, state: 'running' })
  const seen: BatchView[] = []
  const look = async () => {
    seen.push(await emulator.batch(site, begun.id))
    return seen.at(-1)?.state
  }
  await expect.poll(look, soon).toBe('ended')
  expect(seen.map(sum)).toEqual(seen.map(() => 12))
  expect(Math.max(...seen.map(({ running }) => running))).toBeGreaterThan(0)
  expect(Math.max(...seen.map(({ running }) => running))).toBeLessThanOrEqual(3)
  expect(seen.at(-1)).toMatchObject({ completed: 12, refused: 0 })
  const homes = (await emulator.mailboxes(site)).filter(({ server }) => server === 'lon')
  expect(homes.map(({ alias }) => alias).sort()).toEqual([...ALIASES].sort())
  expect(await emulator.moves(site)).toHaveLength(12)
  expect((await emulator.batches(site)).map(({ id }) => id)).toEqual([begun.id])
})

test('a move that is refused is told of, and does not keep the others', async () => {
  const site = await open()
  const { emulator } = sites
  const list = [
    { mailbox: 'nobody', to: 'lon' },
    { mailbox: 'user-0', to: 'nyc' },
    ...moves.slice(1),
  ]
  const { id } = await emulator.startBatch(site, { moves: list, concurrency: 20 })
  const batch = await ended(site, id)
  expect(batch).toMatchObject({ state: 'ended', completed: 11, refused: 2 })
  expect(batch.moves.slice(0, 2).map(({ state, why }) => `${state}: ${why}`)).toEqual([
    `refused: The site ${site} has no mailbox "nobody".`,
    'refused: The mailbox user-0 is on nyc already.',
  ])
})

test.each([
  [[...moves, moves[0] as (typeof moves)[0]], 'mailbox-moving'],
  [[{ mailbox: 'user-0', to: 'rome' }], 'unknown-server'],
])('a batch that is wrong begins nothing', async (list, code) => {
  const site = await open()
  const started = sites.emulator.startBatch(site, { moves: list, concurrency: 2 })
  await expect(started).rejects.toMatchObject({ code })
  expect(await sites.emulator.batches(site)).toEqual([])
  await expect(sites.emulator.batch(site, 'x')).rejects.toMatchObject({ code: 'unknown-batch' })
})

test('what waits is not begun after it was cancelled; the site is not at rest before', async () => {
  const site = await open()
  const { emulator } = sites
  const gate = await emulator.addFault(site, {
    match: { event: 'lock.requested' },
    when: 'always',
    do: { hold: true },
  } as never)
  const { id } = await emulator.startBatch(site, { moves, concurrency: 2 })
  await expect.poll(async () => (await emulator.batch(site, id)).running, soon).toBe(2)
  expect((await emulator.audit(site)).atRest).toBe(false)
  expect(await emulator.cancelBatch(site, id)).toMatchObject({ cancelled: 10, running: 2 })
  await emulator.deleteFault(site, gate.id)
  expect(await ended(site, id)).toMatchObject({ state: 'cancelled', completed: 2, cancelled: 10 })
  expect((await sites.rest(site)).atRest).toBe(true)
  expect(await emulator.moves(site)).toHaveLength(2)
})

test('a driver that dies between taking a move and beginning it loses nothing', async () => {
  const site = await open()
  const { emulator, client, connection } = sites
  // Whoever took it died long ago, and had claimed the mailbox.
  const id = '01900000-0000-7000-8000-000000000000'
  const taken = { i: 0, mailbox: 'user-0', to: 'lon', id, at: 0 }
  await client.hset(
    sites.key(site, 'batches'),
    'b',
    JSON.stringify({
      id: 'b',
      concurrency: 1,
      total: 1,
      startedAt: 0,
    }),
  )
  await client.hset(sites.key(site, 'batch:b:running'), 0, JSON.stringify(taken))
  await client.hset(sites.key(site, 'moving'), 'user-0', JSON.stringify({ id, at: Date.now() }))
  const settings = JSON.parse((await client.get(sites.key(site, 'settings'))) ?? '') as Settings
  const jobs = connection.client() as Client
  const door: Door = {
    client: withCommit(connection.client()),
    queues: openQueues(jobs, connection.namespace),
  }
  await client.sadd(sites.key(site, 'batching'), 'b')
  // Two of them find it at once.
  await Promise.all([driveBatches(door, settings), driveBatches(door, settings)])
  expect(await ended(site, 'b')).toMatchObject({ completed: 1 })
  expect((await emulator.moves(site)).map((move) => move.id)).toEqual([id])
  await door.queues.close()
  jobs.disconnect()
  door.client.disconnect()
})
