/**
 * When a clock is changed, the alarms that wait as delayed jobs are for the wrong hour: they are
 * taken away and made again.
 */
import type { Queue } from 'bullmq'
import { armedFrom } from './alarms.ts'
import { part, shardsOf } from './keys.ts'
import type { Live } from './live-parts.ts'
import { type JobData, queueName } from './queues.ts'
import type { Settings } from './settings.ts'

/** Delayed jobs and timers looked at together. */
const PAGE = 1_000

export async function retime(live: Live, settings: Settings): Promise<void> {
  for (const server of settings.servers) {
    await removeAlarms(live.queues.get(queueName(settings.site, server, 'mta')))
  }
  for (const shard of shardsOf(settings)) await makeAgain(live, settings, shard)
}

async function removeAlarms(queue: Queue<JobData>): Promise<void> {
  for (let from = 0; ; ) {
    const jobs = await queue.getDelayed(from, from + PAGE - 1)
    const alarms = jobs.filter((job) => job?.data.alarmAt !== undefined)
    // One that has begun to run meanwhile is locked; it then sees by itself that it is early.
    await Promise.allSettled(alarms.map((job) => job.remove()))
    if (jobs.length < PAGE) return
    from += jobs.length - alarms.length
  }
}

async function makeAgain(live: Live, settings: Settings, shard: number): Promise<void> {
  const timers = part(settings, shard, 'timers')
  for (let from = 0; ; from += PAGE) {
    const flat = await live.client.zrange(timers, `${from}`, `${from + PAGE - 1}`, 'WITHSCORES')
    const armed = flat.flatMap((member, i) => {
      const isRetry = i % 2 === 0 && member.split('|')[1] === 'retry' && !member.startsWith('!')
      const one = isRetry ? armedFrom(member, Number(flat[i + 1])) : null
      return one ? [one] : []
    })
    await live.alarms.set(settings, armed)
    if (flat.length < 2 * PAGE) return
  }
}
