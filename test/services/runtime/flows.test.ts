/**
 * Why no event here waits for another job: in BullMQ a flow whose child has failed waits for ever,
 * unless each child says otherwise, and nobody is told.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlowProducer, Queue, UnrecoverableError, Worker } from 'bullmq'
import { expect, onTestFinished, test } from 'vitest'
import { liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })

test('a flow whose child has failed waits for ever', async () => {
  const connection = sites.client
  const prefix = `{${sites.connection.namespace}:flows}`
  const flows = new FlowProducer({ connection, prefix })
  const queue = new Queue('offers', { connection, prefix })
  const parents = new Worker('reports', async () => 'done', { connection, prefix })
  const children = new Worker(
    'offers',
    () => Promise.reject(new UnrecoverableError('the mailbox is gone')),
    { connection, prefix },
  )
  onTestFinished(async () => {
    await Promise.all([parents.close(), children.close(), queue.close(), flows.close()])
  })
  const { job, children: made = [] } = await flows.add({
    name: 'report',
    queueName: 'reports',
    children: [{ name: 'offer', queueName: 'offers' }],
  })
  const child = made[0]?.job.id as string
  await expect.poll(() => queue.getJobState(child), soon).toBe('failed')
  expect(await job.getState()).toBe('waiting-children')
  expect(await job.getDependenciesCount()).toMatchObject({ processed: 0, unprocessed: 1 })
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
