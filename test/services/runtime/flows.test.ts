/**
 * Why no event here waits for another job: in BullMQ a flow whose child has failed waits for ever,
 * unless each child says otherwise, and nobody is told. What each child may say is tried too.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlowProducer, type Job, Queue, UnrecoverableError, Worker } from 'bullmq'
import { describe, expect, onTestFinished, test } from 'vitest'
import { liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })

interface Flow {
  /** What the parent found when it ran. */
  found: Promise<unknown>
  parent: Job
  /** Beside the child that fails there is one that is held until this is called. */
  letGo(): void
}

function promised<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** A parent with two children: one fails for good, the other is held. */
async function flowOf(opts: object): Promise<Flow> {
  const connection = sites.client
  const prefix = `{${sites.connection.namespace}:flows}`
  const [own, queueName] = [`reports-${asked}`, `offers-${asked}`]
  asked += 1
  const flows = new FlowProducer({ connection, prefix })
  const children = new Queue(queueName, { connection, prefix })
  const ran = promised<unknown>()
  const held = promised<void>()
  const look = async (job: Job) => {
    ran.resolve(Object.values(await job.getIgnoredChildrenFailures()))
  }
  const refuse = ({ name }: Job) => {
    if (name === 'held') return held.promise
    throw new UnrecoverableError('the mailbox is gone')
  }
  const parents = new Worker(own, look, { connection, prefix })
  const offers = new Worker(queueName, refuse, { connection, prefix, concurrency: 2 })
  onTestFinished(async () => {
    held.resolve()
    await Promise.all([parents.close(), offers.close(), children.close(), flows.close()])
  })
  const { job, children: made = [] } = await flows.add({
    name: 'report',
    queueName: own,
    children: [
      { name: 'fails', queueName, opts },
      { name: 'held', queueName },
    ],
  })
  const failed = made[0]?.job.id as string
  await expect.poll(() => children.getJobState(failed), soon).toBe('failed')
  return { found: ran.promise, parent: job, letGo: () => held.resolve() }
}

let asked = 0
const GONE = 'the mailbox is gone'
const done = { processed: 1, unprocessed: 0 }

test('a flow whose child has failed waits for ever', async () => {
  const { parent, letGo } = await flowOf({})
  letGo()
  const counts = () => parent.getDependenciesCount()
  await expect.poll(counts, soon).toMatchObject({ processed: 1, unprocessed: 1 })
  expect(await parent.getState()).toBe('waiting-children')
})

describe('what BullMQ offers against it', () => {
  test('ignored, it is waited for no more, and the parent is told of it', async () => {
    const { parent, found, letGo } = await flowOf({ ignoreDependencyOnFailure: true })
    // The other child is waited for all the same.
    expect(await parent.getState()).toBe('waiting-children')
    letGo()
    expect(await found).toEqual([GONE])
    expect(await parent.getDependenciesCount()).toMatchObject({ ...done, ignored: 1 })
  })

  test('removed, it is waited for no more, and the parent is told nothing', async () => {
    const { found, letGo } = await flowOf({ removeDependencyOnFailure: true })
    letGo()
    expect(await found).toEqual([])
  })

  test('the parent goes on at once, and is told of it', async () => {
    const { found } = await flowOf({ continueParentOnFailure: true })
    expect(await found).toEqual([GONE])
  })

  test('the parent fails too, and does not run', async () => {
    const { parent } = await flowOf({ failParentOnFailure: true })
    await expect.poll(() => parent.getState(), soon).toBe('failed')
  })
})

test('there is no flow in the emulator', () => {
  const folder = join(import.meta.dirname, '../../../services')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  expect(files.length).toBeGreaterThan(100)
  const using = files.filter((name) =>
    /FlowProducer/.test(readFileSync(join(folder, name), 'utf8')),
  )
  expect(using).toEqual([])
})
