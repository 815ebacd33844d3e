/**
 * A soak: the whole service takes message after message with a small retention, and neither it nor
 * Redis grows. Both curves are printed as they come.
 *
 * `SOAK_MESSAGES=1000000` is the same for more than an hour.
 */
import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from '../../services/redis/connect.ts'
import { temporaryFolder } from '../support/folder.ts'
import { startProgram } from '../support/program.ts'

/**
 * Enough that what is kept (below), the journal and the finished jobs are full after a third, and
 * few enough for a minute or two.
 */
const MESSAGES = Number(process.env.SOAK_MESSAGES ?? 15_000)
/** What is kept: a small part of them, so that nearly all of them are trimmed. */
const KEEP = ['--keep-messages', '500', '--keep-steps', '5000']
const CLIENTS = 32
const SAMPLES = 24
/**
 * Between the least of the middle third and the least of the last one. Both curves are saws: what
 * has just settled is not trimmed yet, and garbage is collected in its time. A leak lifts their
 * feet.
 */
const GROWTH_MAX = { redis: 1.15, service: 1.25 }

interface Sample {
  sent: number
  redis: number
  service: number
}

test('memory is flat in the service and in Redis', {
  timeout: MESSAGES * 60 + 120_000,
}, async () => {
  const data = temporaryFolder()
  const args = ['--port', '0', '--data', data, '--queue-limit', '2000', ...KEEP]
  const service = startProgram(['services/main.ts', ...args])
  const line = async (pattern: RegExp) => pattern.exec(await service.line(pattern))?.slice(1) ?? []
  const [url = ''] = await line(/^ {2}HTTP +(\S+)/)
  const [socket = ''] = await line(/^ {2}Redis +embedded, (\S+)/)
  const pids = (await service.line(/^ {2}processes/)).match(/\d+/g)?.map(Number) ?? []
  expect(pids).toHaveLength(2)
  const client = connect({
    redisUrl: `unix://${socket}`,
    namespace: 'soak',
    durability: 'memory',
  }).client()
  onTestFinished(() => client.disconnect())

  const samples: Sample[] = []
  let sent = 0
  const sample = async (): Promise<void> => {
    const used = /^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]
    const rss = pids.reduce((sum, pid) => sum + rssOf(pid), 0)
    samples.push({ sent, redis: Number(used), service: rss })
    print(samples.at(-1) as Sample)
  }
  console.log('messages  Redis used_memory  service RSS (API and worker)')
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (sent < MESSAGES) {
      const number = ++sent
      await send(url, TO[number % TO.length] as string)
      if (number % Math.ceil(MESSAGES / SAMPLES) === 0) await sample()
    }
  })
  await Promise.all(clients)
  const third = Math.floor(samples.length / 3)
  for (const name of ['redis', 'service'] as const) {
    const [middle = [], last = []] = [samples.slice(third, 2 * third), samples.slice(2 * third)]
    const least = (all: Sample[]) => Math.min(...all.map((one) => one[name]))
    expect(least(last) / least(middle), name).toBeLessThan(GROWTH_MAX[name])
  }
  const audit = async () => (await fetch(`${url}/sites/demo/audit?rest=5s`)).json()
  const reported = Math.floor(MESSAGES / TO.length)
  const delivered = MESSAGES - reported
  const all = { accepted: MESSAGES, obligations: MESSAGES, delivered, reported, pending: 0 }
  await expect.poll(audit, { timeout: 60_000 }).toMatchObject({
    ...{ ...all, lost: [], duplicated: [], unexpected: [], falseReports: [], atRest: true },
  })
  expect(((await audit()) as { trimmed: number }).trimmed).toBeGreaterThan(MESSAGES / 2)
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
})

/** Each gets a message in turn; the first is nobody's name, and a report comes back. */
const TO = ['nobody', 'bob', 'dave']
const TEXT = 'At noon. '.repeat(100)

/** Until it is accepted; a full queue says when to ask again. */
async function send(url: string, to: string): Promise<void> {
  const body = JSON.stringify({ from: 'carol', to: [to], subject: 'Lunch?', text: TEXT })
  for (;;) {
    const answer = await fetch(`${url}/sites/demo/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    await answer.arrayBuffer()
    if (answer.status === 202) return
    expect(answer.status).toBe(503)
    const seconds = Number(answer.headers.get('retry-after'))
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  }
}

const rssOf = (pid: number): number =>
  1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

const mega = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`.padStart(10)

const print = ({ sent, redis, service }: Sample): void =>
  console.log(`${String(sent).padStart(8)} ${mega(redis)}         ${mega(service)}`)
