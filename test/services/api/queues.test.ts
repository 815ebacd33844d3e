/** The queue UI over real queues: what a watcher sees, what may be done, and what is refused. */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Queue, Worker } from 'bullmq'
import { afterEach, describe, expect, test } from 'vitest'
import { guard } from '../../../services/api/queues.ts'
import { REFUSED_ICONS } from '../../../services/api/queues-style.ts'
import type { Api } from '../../../services/api/resource.ts'
import type { Connection } from '../../../services/redis/connect.ts'
import { queuePrefix } from '../../../services/runtime/queues.ts'
import { freshConnection, openClients } from '../../support/redis.ts'
import { appOver } from './partial-emulator.ts'

interface Job {
  id: string
  name: string
  data: Record<string, unknown>
  returnValue: unknown
  externalUrl: { href: string }
}

interface Shown {
  name: string
  description: string
  isPaused: boolean
  counts: Record<string, number>
  jobs: Job[]
}

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A queue as the runtime has it, with one event in it. */
function openQueue(connection: Connection, name: string): Queue {
  const client = connection.client()
  const prefix = queuePrefix(connection.namespace, name)
  const queue = new Queue(name, { connection: client, prefix })
  closing.push(async () => {
    await queue.close()
    client.disconnect()
  })
  return queue
}

/** Works on the queue until the test has ended; resolves when the first job has. */
async function runOne(connection: Connection, queue: Queue, work: () => Promise<unknown>) {
  const client = connection.client()
  const { prefix } = queue.opts as { prefix: string }
  const worker = new Worker(queue.name, work, { connection: client, prefix })
  await new Promise<void>((resolve) => {
    worker.on('completed', () => resolve())
    worker.on('failed', () => resolve())
  })
  await worker.close()
  client.disconnect()
}

const event = (type: string) => ({
  id: 'e-1',
  to: 'recipient/m-1/0/1',
  type,
  site: 'demo',
  at: 0,
  message: 'm-1',
  who: 'recipient 1 (anna)',
})

async function shown(app: Api, active?: string): Promise<Shown[]> {
  const query = active ? `?activeQueue=${active}&status=latest&page=1&jobsPerPage=10` : ''
  const answer = await app.inject(`/queues/api/queues${query}`)
  expect(answer.statusCode).toBe(200)
  return answer.json().queues
}

async function jobsOf(app: Api, name: string): Promise<Job[]> {
  return (await shown(app, name)).find((queue) => queue.name === name)?.jobs ?? []
}

describe('a watcher', () => {
  test('sees for whom an event is, and once it has run what it changed', async () => {
    const connection = freshConnection()
    const queue = openQueue(connection, 'demo.nyc.mta')
    await queue.add('reply.deferred', event('reply.deferred'), { jobId: 'e-1' })
    const app = await appOver({ queueNames: async () => ['demo.nyc.mta'] }, connection)

    const [before] = await jobsOf(app, 'demo.nyc.mta')
    expect(before?.name).toBe('reply.deferred · recipient 1 (anna)')
    expect(Object.keys(before?.data ?? {})).toEqual(['who', 'to', 'message', 'at'])
    expect(before?.externalUrl.href).toBe('/sites/demo/messages/m-1')

    const changes = ['recipient 1: delivering → deferred, mailbox in transit', 'copy: 1 deferred']
    await runOne(connection, queue, async () => changes)
    const [after] = await jobsOf(app, 'demo.nyc.mta')
    expect(after?.name).toBe(`reply.deferred · ${changes[0]} · ${changes[1]}`)
    expect(after?.returnValue).toEqual(changes)
  })

  test('sees the first changes of many', async () => {
    const connection = freshConnection()
    const queue = openQueue(connection, 'demo.nyc.mta')
    await queue.add('routing.due', event('routing.due'), { jobId: 'e-1' })
    await runOne(connection, queue, async () => ['a', 'b', 'c', 'd', 'e'])
    const app = await appOver({ queueNames: async () => ['demo.nyc.mta'] }, connection)
    expect((await jobsOf(app, 'demo.nyc.mta'))[0]?.name).toBe('routing.due · a · b · c · +2')
  })

  test('sees a queue as soon as its site exists, and not when it is gone', async () => {
    const connection = freshConnection()
    let names = ['a.nyc.store']
    const app = await appOver({ queueNames: async () => names }, connection)
    expect((await shown(app)).map(({ name }) => name)).toEqual(['a.nyc.store'])
    names = ['a.nyc.store', 'b.moves']
    expect((await shown(app)).map(({ name }) => name)).toEqual(names)
    names = ['b.moves']
    expect((await shown(app)).map(({ name }) => name)).toEqual(names)
  })

  test('leaves no key behind by looking', async () => {
    const connection = freshConnection()
    const app = await appOver({ queueNames: async () => ['gone.nyc.store'] }, connection)
    await shown(app, 'gone.nyc.store')
    await app.inject('/metrics')
    const client = connection.client()
    expect(await client.keys(`*${connection.namespace}*`)).toEqual([])
    client.disconnect()
  })

  test('gets a page that asks nobody else, and is in the colours of the house', async () => {
    const app = await appOver({ queueNames: async () => [] })
    for (const url of ['/queues', '/queues/', '/queues/queue/demo.nyc.mta']) {
      const page = await app.inject(url)
      expect(page.statusCode).toBe(200)
      expect(page.body).not.toMatch(/(?:src|href)="https?:/)
      expect(page.body).toContain('/queues/house.css')
    }
    const style = await app.inject('/queues/house.css')
    expect(style.headers['content-type']).toContain('text/css')
    const script = /static\/js\/main\.\w+\.js/.exec((await app.inject('/queues')).body)?.[0]
    expect((await app.inject(`/queues/${script}`)).statusCode).toBe(200)
  })
})

test.each(['completed', 'meta', 'events', 'wait', 'x:logs', '1:lock'])(
  'a key of the queue is no job: %s',
  async (name) => {
    const connection = freshConnection()
    const queue = openQueue(connection, 'demo.nyc.mta')
    await queue.add('reply.deferred', event('reply.deferred'), { jobId: 'e-1' })
    await runOne(connection, queue, async () => [])
    const app = await appOver({ queueNames: async () => ['demo.nyc.mta'] }, connection)
    const url = `/queues/api/queues/demo.nyc.mta/${encodeURIComponent(name)}`
    for (const action of ['retry', 'promote']) {
      const answer = await app.inject({ method: 'PUT', url: `${url}/${action}` })
      expect(answer.statusCode).toBe(404)
    }
    expect((await app.inject(url)).statusCode).toBe(404)
  },
)

describe('a watcher may', () => {
  async function board(name: string) {
    const connection = freshConnection()
    const queue = openQueue(connection, name)
    const app = await appOver({ queueNames: async () => [name] }, connection)
    return { connection, queue, app }
  }

  test('promote a delayed event', async () => {
    const { app, queue } = await board('demo.nyc.mta')
    await queue.add('retry.due', event('retry.due'), { jobId: 'e-1', delay: 600_000 })
    const url = '/queues/api/queues/demo.nyc.mta/e-1/promote'
    expect((await app.inject({ method: 'PUT', url })).statusCode).toBe(204)
    expect(await queue.getJobCounts('delayed', 'waiting')).toEqual({ delayed: 0, waiting: 1 })
  })

  test('pause a store and let it go on', async () => {
    const { app, queue } = await board('demo.nyc.store')
    const url = '/queues/api/queues/demo.nyc.store'
    await app.inject({ method: 'PUT', url: `${url}/pause` })
    expect(await queue.isPaused()).toBe(true)
    expect((await shown(app))[0]?.isPaused).toBe(true)
    await app.inject({ method: 'PUT', url: `${url}/resume` })
    expect(await queue.isPaused()).toBe(false)
  })

  test('retry an event that failed', async () => {
    const { app, queue, connection } = await board('demo.nyc.store')
    await queue.add('mail.offered', event('mail.offered'), { jobId: 'e-1' })
    await runOne(connection, queue, () => Promise.reject(new Error('poison')))
    const url = '/queues/api/queues/demo.nyc.store/e-1/retry'
    expect((await app.inject({ method: 'PUT', url })).statusCode).toBe(204)
    expect(await queue.getJobCounts('failed', 'waiting')).toEqual({ failed: 0, waiting: 1 })
  })
})

describe('a watcher may not', () => {
  const at = '/queues/api/queues/demo.nyc.mta'

  test.each<['PUT' | 'POST' | 'PATCH', string, RegExp]>([
    ['PUT', `${at}/e-1/clean`, /wait for ever/],
    ['PUT', `${at}/clean/delayed`, /wait for ever/],
    ['PUT', `${at}/empty`, /wait for ever/],
    ['PUT', `${at}/obliterate`, /wait for ever/],
    ['PUT', `${at}/e-1/remove-unprocessed-children`, /wait for ever/],
    ['POST', `${at}/add`, /belong to no message/],
    ['PATCH', `${at}/e-1/update-data`, /not edited/],
    ['PATCH', `${at}/e-1/delay`, /not edited/],
    ['PATCH', `${at}/e-1/priority`, /not edited/],
    ['PUT', `${at}/concurrency`, /where the service is started/],
    ['PUT', `${at}/rate-limit`, /where the service is started/],
    ['PUT', `${at}/rate-limit/release`, /where the service is started/],
    ['PUT', `${at}/job-schedulers/s/run`, /belong to no message/],
  ])('%s %s', async (method, url, reason) => {
    const connection = freshConnection()
    const queue = openQueue(connection, 'demo.nyc.mta')
    await queue.add('retry.due', event('retry.due'), { jobId: 'e-1', delay: 600_000 })
    const app = await appOver({ queueNames: async () => ['demo.nyc.mta'] }, connection)
    const answer = await app.inject({ method, url, payload: {} })
    expect(answer.statusCode).toBe(403)
    expect(answer.json().message).toMatch(reason)
    const job = await queue.getJob('e-1')
    expect(job?.data).toEqual(event('retry.due'))
    expect(await queue.getJobCounts('delayed')).toEqual({ delayed: 1 })
  })

  test('do what is not yet known: whatever is not allowed is refused', () => {
    expect(guard({ method: 'put', route: '/api/queues/:queueName/new-thing' })).toMatchObject({
      allow: false,
      status: 403,
      message: expect.stringContaining('does not do this'),
    })
  })
})

test('the icons by which refused buttons are known are those of the UI', () => {
  const manifest = fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))
  const folder = `${dirname(manifest)}/dist/static/js`
  const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .map((path) => readFileSync(`${folder}/${path}`, 'utf8'))
    .join('\n')
  for (const [what, stroke] of Object.entries(REFUSED_ICONS)) expect(source, what).toContain(stroke)
})

test('the app keeps one client, and closes it', async () => {
  const connection = freshConnection()
  const names = ['a.nyc.mta', 'a.nyc.store', 'a.moves']
  const app = await appOver({ queueNames: async () => names }, connection)
  await shown(app)
  await shown(app, 'a.moves')
  expect(await openClients(connection)).toHaveLength(1)
  await app.close()
  expect(await openClients(connection)).toEqual([])
})
