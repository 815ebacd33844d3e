/** What Prometheus is told: jobs by queue and state, sites, requests, the process. */

import { Queue } from 'bullmq'
import { expect, test } from 'vitest'
import { queuePrefix } from '../../../services/runtime/queues.ts'
import { freshConnection } from '../../support/redis.ts'
import { appOver } from './partial-emulator.ts'

test('the metrics count what is there, and forget what is gone', async () => {
  const connection = freshConnection()
  const client = connection.client()
  const prefix = queuePrefix(connection.namespace, 'demo.nyc.mta')
  const queue = new Queue('demo.nyc.mta', { connection: client, prefix })
  await queue.add('retry.due', {}, { delay: 600_000 })
  await queue.add('routing.due', {})
  await queue.pause()
  let names = ['demo.nyc.mta']
  const app = await appOver({ queueNames: async () => names, sites: async () => [] }, connection)
  await app.inject('/nothing')

  const first = await app.inject('/metrics')
  expect(first.headers['content-type']).toContain('text/plain; version=0.0.4')
  const about = 'site="demo",queue="demo.nyc.mta"'
  expect(first.body).toContain(`undeliverable_queue_jobs{${about},state="delayed"} 1`)
  expect(first.body).toContain(`undeliverable_queue_jobs{${about},state="waiting"} 1`)
  expect(first.body).toContain(`undeliverable_queue_paused{${about}} 1`)
  expect(first.body).toContain('undeliverable_sites 0')
  expect(first.body).toContain('undeliverable_http_refusals_total{status="404"} 1')
  expect(first.body).toContain('process_cpu_seconds_total')

  names = []
  const second = await app.inject('/metrics')
  expect(second.body).not.toContain(about)

  await queue.close()
  client.disconnect()
})
