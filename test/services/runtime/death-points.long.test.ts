/**
 * A worker's process dies at each point in the course of an event: what is there then, and that
 * nothing is lost when another goes on.
 */
import { expect, test } from 'vitest'
import type { DeathPoint } from '../../../services/runtime/views-of-driving.ts'
import { type Program, startProgram } from '../../support/program.ts'
import { ALL_ROLES, FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })

/** A process of its own with all workers. */
async function startWorker(): Promise<Program> {
  const { url, namespace } = sites.connection
  const redis = ['--redis-url', url, '--namespace', namespace]
  const program = startProgram(['services/main.ts', ...redis, '--role', ALL_ROLES.join()])
  await program.line(/ up \(process \d+\)/)
  return program
}

interface Left {
  /** Types of the events that are under way, and of those of them that have a job. */
  underWay: string[]
  jobs: string[]
  /** Steps that were committed. */
  steps: number
}

async function leftBehind(site: string): Promise<Left> {
  const texts = await sites.client.hvals(sites.key(site, 'outbox'))
  const events = texts.map((text) => JSON.parse(text).event as { id: string; type: string })
  const { namespace } = sites.connection
  const jobs: string[] = []
  for (const { id, type } of events) {
    const keys = ['nyc.mta', 'lon.mta', 'nyc.store', 'lon.store'].map((queue) => {
      const name = `${site}.${queue}`
      return `{${namespace}:${name}}:${name}:${id}`
    })
    if ((await sites.client.exists(...keys)) > 0) jobs.push(type)
  }
  const underWay = events.map(({ type }) => type).sort()
  return { underWay, jobs: jobs.sort(), steps: await sites.client.xlen(sites.key(site, 'journal')) }
}

/** Carol's message to two mailboxes of her own server and one elsewhere is routed in one step. */
const TO = ['anna', 'carol', 'dave']
const routed = ['copy.transferred', 'mail.offered', 'mail.offered', 'mail.offered']

test.each<[DeathPoint, Left]>([
  ['before commit', { underWay: ['mail.submitted'], jobs: ['mail.submitted'], steps: 0 }],
  ['after commit', { underWay: routed, jobs: [], steps: 1 }],
  ['in the flush', { underWay: routed, jobs: expect.arrayContaining([]), steps: 1 }],
  ['before the acknowledgement', { underWay: routed, jobs: routed, steps: 1 }],
])('%s', async (point, left) => {
  const site = await sites.open({ profile: 'modern' })
  const match = { event: 'mail.submitted' }
  const rule = { match, when: { first: 1 }, do: { die: point } } as const
  const { id } = await sites.emulator.addFault(site, rule)
  // No other step may be taken meanwhile.
  const stores = await sites.emulator.addFault(site, {
    match: { event: 'mail.offered' },
    do: { hold: true },
  })
  const transfers = await sites.emulator.addFault(site, {
    match: { event: 'copy.transferred' },
    do: { hold: true },
  })
  await sites.send(site, TO)
  const first = await startWorker()
  expect(await first.ended).toEqual({ code: null, signal: 'SIGKILL' })
  const found = await leftBehind(site)
  expect(found).toEqual(left)
  if (point === 'in the flush') expect(found.jobs).toHaveLength(1)
  expect(await sites.emulator.fault(site, id)).toMatchObject({ hits: 1 })

  for (const held of [stores, transfers]) await sites.emulator.deleteFault(site, held.id)
  const second = await startWorker()
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, accepted: TO.length, delivered: TO.length + 1 })
  await expect.poll(() => sites.subjects(site, 'anna'), soon).toHaveLength(1)
  expect(await sites.emulator.fault(site, id)).toMatchObject({ hits: 1 })
  expect(second.child.exitCode ?? second.child.signalCode).toBeNull()
})
