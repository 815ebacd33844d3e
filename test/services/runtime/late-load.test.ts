/** A load that comes late is younger than its question: an actor's time does not run backward. */
import { expect, onTestFinished, test } from 'vitest'
import { openAlarms } from '../../../services/runtime/alarms.ts'
import { type Client, withCommit } from '../../../services/runtime/commit.ts'
import { openProcessor } from '../../../services/runtime/engine.ts'
import { withDecide } from '../../../services/runtime/faults.ts'
import type { ArrivedEvent } from '../../../services/runtime/port.ts'
import { openQueues, queueName } from '../../../services/runtime/queues.ts'
import { openPort } from '../../../services/runtime/redis-port.ts'
import { openSettings } from '../../../services/runtime/settings.ts'
import { startProgram } from '../../support/program.ts'
import { liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })
const { connection } = sites

async function eventsUnderWay(site: string): Promise<ArrivedEvent[]> {
  const texts = await sites.client.hvals(sites.key(site, 'outbox'))
  return texts.map((text) => ({ ...JSON.parse(text).event, site }) as ArrivedEvent)
}

/** Takes events one by one, and waits before it loads whenever it is told to. */
async function openSlow(wait: () => Promise<void>) {
  const client = withDecide(withCommit(connection.client()))
  const settings = await openSettings(connection)
  const queues = openQueues(client as Client, connection.namespace)
  onTestFinished(async () => {
    await queues.close()
    await settings.close()
    await client.quit()
  })
  const startMove = () => Promise.reject(new Error('nothing moves here'))
  const port = openPort(client)
  const load: typeof port.load = async (...args) => {
    await wait()
    return port.load(...args)
  }
  const gate = { client, queues, startMove, floors: new Map() }
  const alarms = openAlarms(queues, client)
  const engine = { port: { ...port, load }, settings, queues, gate, alarms }
  return { processor: openProcessor(engine), queues }
}

test('a mailbox takes one that was asked for before another, and comes after it', async () => {
  const site = await sites.open()
  let waiting: Promise<void> = Promise.resolve()
  let asked = false
  const { processor, queues } = await openSlow(() => {
    asked = true
    return waiting
  })
  for (const subject of ['first', 'second']) await sites.send(site, 'bob', { subject })
  for (const event of await eventsUnderWay(site)) await processor.process(event)
  const [first, second] = await eventsUnderWay(site)
  if (!first || !second) throw new Error('both are offered by now')
  // Nobody else knows of the first.
  await queues.get(queueName(site, 'nyc', 'store')).remove(first.id)
  await sites.client.hdel(sites.key(site, 'outbox'), first.id)

  let goOn = (): void => undefined
  waiting = new Promise((resolve) => {
    goOn = resolve
  })
  asked = false
  const late = processor.process(first)
  await expect.poll(() => asked, soon).toBe(true)
  const redis = ['--redis-url', connection.url, '--namespace', connection.namespace]
  startProgram(['services/main.ts', ...redis, '--role', 'store'])
  await expect.poll(() => sites.subjects(site, 'bob'), soon).toHaveLength(1)
  goOn()
  await late
  expect(await sites.subjects(site, 'bob')).toHaveLength(2)
  const steps = await sites.client.xrange(sites.key(site, 'journal'), '-', '+')
  const records = steps.map(([, fields]) => JSON.parse(fields[1] as string))
  const offers = records.filter(({ y }) => y === 'mail.offered')
  expect(offers.map(({ i }) => i)).toEqual([second.id, first.id])
  expect(offers[0].a).toBeLessThanOrEqual(offers[1].a)
})
