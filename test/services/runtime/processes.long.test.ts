/** Roles as processes of their own: each alone, several of one, and killed under load. */
import { expect, test } from 'vitest'
import { conform } from '../../../services/check/conform/conform.ts'
import { type Program, startProgram } from '../../support/program.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })

/** Starts a process with these roles, and waits until it says that it is up. */
async function startRole(...args: string[]): Promise<Program> {
  const { url, namespace } = sites.connection
  const redis = ['--redis-url', url, '--namespace', namespace]
  const program = startProgram(['services/main.ts', ...redis, ...args])
  await program.line(/ up \(process \d+\)/)
  return program
}

const ALL = ['--role', 'mta,store,moves,directory']

test('each role alone, and a store for each server, deliver together', async () => {
  const site = await sites.open()
  const { id } = await sites.send(site, ['anna', 'dave', 'nobody'])
  await Promise.all([
    startRole('--role', 'mta'),
    startRole('--role', 'store', '--server', 'nyc'),
    startRole('--role', 'directory'),
  ])
  const outcomes = async () =>
    (await sites.emulator.message(site, id)).recipients.map(({ outcome }) => outcome)
  await expect.poll(outcomes, soon).toEqual(['delivered', 'delivered', 'pending', 'reported'])
  expect(await sites.emulator.ready()).toMatchObject({
    ready: false,
    checks: { mta: 'ok', store: 'ok', directory: 'ok', moves: 'no worker runs this role' },
  })
  await startRole('--role', 'store,moves', '--server', 'lon')
  await sites.settled(site, id)
  const move = await sites.emulator.startMove(site, { mailbox: 'bob', to: 'lon' })
  await sites.moveIn(site, move.id, { state: 'completed' })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 3, reported: 1 })
})

test('two processes share one mailbox and one copy: each refused commit is run again', async () => {
  const aliases = Array.from({ length: 200 }, (_, i) => `user-${i}`)
  const mailboxes = ['hot', ...aliases].map((alias) => ({ alias, server: 'nyc' }))
  const site = await sites.open({ mailboxes })
  const hot = Array.from({ length: 150 }, (_, i) => sites.send(site, 'hot', { subject: `${i}` }))
  await Promise.all([sites.send(site, aliases), ...hot])
  await Promise.all([startRole(...ALL), startRole(...ALL)])
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 350, delivered: 350 })
  expect(new Set(await sites.subjects(site, 'hot')).size).toBe(150)
})

/** As many messages wait at most: enough to be in the middle of something. */
const BACKLOG = 40

test('killed again and again under load, all that was accepted arrives once', async () => {
  const site = await sites.open({ profile: 'modern' })
  const pending = () => sites.client.scard(sites.key(site, 'pending'))
  let worker = await startRole(...ALL)
  let accepted = 0
  let going = true
  const load = (async () => {
    while (going) {
      await expect.poll(pending, soon).toBeLessThan(BACKLOG)
      await sites.send(site, ['anna', 'carol', 'dave'])
      accepted += 1
    }
  })()
  for (let kill = 0; kill < 2; kill++) {
    const mark = accepted
    await expect.poll(() => accepted, soon).toBeGreaterThan(mark + 60)
    if (kill === 1) await sites.emulator.startMove(site, { mailbox: 'anna', to: 'lon' })
    worker.child.kill('SIGKILL')
    await worker.ended
    worker = await startRole(...ALL)
  }
  going = false
  await load
  await expect.poll(pending, soon).toBeLessThan(BACKLOG / 4)
  await sites.emulator.advance(site, { until: 'idle' })
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, accepted: 3 * accepted, delivered: 4 * accepted })
  const page = { offset: 0, limit: 1 }
  expect(await sites.emulator.items(site, 'carol', page)).toMatchObject({ total: accepted })
  const bundle = await sites.emulator.bundle(site, { steps: 100_000, recipients: 100_000 })
  expect(conform(bundle)).toMatchObject({ conforms: true, failure: null })
})
