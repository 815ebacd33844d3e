/** A fault rule that kills a worker's process as a step is committed: really, and once an event. */
import { expect, test } from 'vitest'
import { startWorkers } from '../../../services/workers.ts'
import { type Program, startProgram } from '../../support/program.ts'
import { ALL_ROLES, FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })
const rule = {
  match: { event: 'mail.offered' },
  when: { first: 1 },
  do: { die: 'after commit' },
} as const

/** A process of its own with all workers. */
async function startWorker(): Promise<Program> {
  const { url, namespace } = sites.connection
  const redis = ['--redis-url', url, '--namespace', namespace]
  const program = startProgram(['services/main.ts', ...redis, '--role', ALL_ROLES.join()])
  await program.line(/ up \(process \d+\)/)
  return program
}

/** Jobs of nyc's store that have come to an end, as BullMQ keeps them. */
async function offers(site: string): Promise<Record<string, string>[]> {
  const name = `${site}.nyc.store`
  const queue = `{${sites.connection.namespace}:${name}}:${name}`
  const ids = await sites.client.zrange(`${queue}:completed`, '0', '-1')
  return Promise.all(ids.map((id) => sites.client.hgetall(`${queue}:${id}`)))
}

test('the step is committed, nothing of it has left, and the event comes again', async () => {
  const site = await sites.open()
  const { id } = await sites.emulator.addFault(site, rule)
  await sites.send(site, 'bob')
  const first = await startWorker()
  expect(await first.ended).toEqual({ code: null, signal: 'SIGKILL' })
  expect(await sites.subjects(site, 'bob')).toEqual(['Lunch?'])
  const left = Object.values(await sites.client.hgetall(sites.key(site, 'outbox')))
  expect(left).toEqual([expect.stringContaining('reply.accepted')])

  // The rule is still there, and the next worker takes the same event; it does not die of it.
  const second = await startWorker()
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 1, delivered: 1 })
  // Its job comes to an end by the second one, when the first one's lock has run out.
  await expect.poll(() => offers(site), soon).toEqual([expect.objectContaining({ stc: '1' })])
  expect(await sites.subjects(site, 'bob')).toHaveLength(1)
  expect(await sites.emulator.fault(site, id)).toMatchObject({ hits: 1 })
  expect(second.child.exitCode).toBeNull()
  expect(second.child.signalCode).toBeNull()
})

test('without a death: the event is taken once more, and no more', async () => {
  const site = await sites.open()
  const { id } = await sites.emulator.addFault(site, { ...rule, do: { again: true } })
  await startWorker()
  const sent = await sites.send(site, 'bob')
  await sites.settled(site, sent.id)
  await expect.poll(() => offers(site), soon).toEqual([expect.objectContaining({ ats: '2' })])
  expect(await sites.emulator.fault(site, id)).toMatchObject({ hits: 1 })
  expect(await sites.subjects(site, 'bob')).toHaveLength(1)
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 1, delivered: 1 })
})

test('it is refused where workers share their process with the API', async () => {
  const site = await sites.open()
  const workers = await startWorkers(sites.connection, { roles: [...ALL_ROLES] })
  try {
    const said = async () => (await sites.emulator.ready()).ready
    await expect.poll(said, soon).toBe(true)
    await expect(sites.emulator.addFault(site, rule)).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('No rule can kill a worker of this service'),
    })
    expect(await sites.emulator.faults(site)).toEqual([])
  } finally {
    await workers.close()
  }
})
