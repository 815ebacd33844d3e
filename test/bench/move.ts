/**
 * `bench -- move`: a large mailbox moves to another server in batches while mail for it goes on
 * arriving.
 *
 * Measured: how long it takes, the memory of the worker process before and at its most, and the
 * progress that a watcher sees on the jobs. At the end everything must be there once, and the
 * ledger must say so.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import type { Client } from '../../services/runtime/commit.ts'
import { movesQueue, queuePrefix } from '../../services/runtime/queues.ts'
import type { Audit, MoveView } from '../../services/runtime/views-of-driving.ts'
import type { MailboxView } from '../../services/runtime/views-of-mail.ts'
import { percentile, round } from './load.ts'
import type { Options } from './options.ts'
import { fill } from './seed.ts'
import type { Service } from './service.ts'
import { type BenchSite, OTHER_SERVER, openSite, SERVER, SITE, seenMs } from './site.ts'

export interface Move {
  messages: number
  seconds: number
  itemsPerSecond: number
  workerBeforeMiB: number
  workerPeakMiB: number
  /**
   * Progress on the jobs of the move, as a watcher of the queue sees it: how many have it, and the
   * last.
   */
  progress: { jobs: number; last: number }
  /** Mail that was sent to the mailbox meanwhile, and how long it took. */
  arrived: { messages: number; p50Ms: number; mostMs: number }
  /** By the new server, at the end. */
  held: number
  /** Of the ledger; wrong is also what the old server still has. */
  audit: { seconds: number; atRest: boolean; delivered: number; wrong: number }
}

const MAILBOX = 'm1'
/** A busy mailbox: a letter so often. */
const ARRIVAL_MS = 50
const LOOK_MS = 100
/** What the worker used while the mailbox was filled is given back. */
const SETTLE_MS = 2_000

export async function benchMove(service: Service, { messages }: Options): Promise<Move> {
  const site = await openSite(service, 0)
  console.error(`filling a mailbox with ${messages} messages ...`)
  await fill(service, site, MAILBOX, messages)
  await sleep(SETTLE_MS)
  console.error('moving it ...')
  const moved = await moveIt(service, site)
  console.error('auditing ...')
  const began = performance.now()
  const audit = await service.http.get<Audit>(`/sites/${SITE}/audit?rest=60s`)
  const auditSeconds = (performance.now() - began) / 1_000
  const { stores } = await service.http.get<MailboxView>(`/sites/${SITE}/mailboxes/${MAILBOX}`)
  const progress = await progressOf(service)
  await site.close()
  return {
    messages,
    ...moved,
    itemsPerSecond: Math.round(messages / moved.seconds),
    progress,
    held: stores[OTHER_SERVER]?.messages ?? 0,
    audit: {
      seconds: round(auditSeconds),
      atRest: audit.atRest,
      delivered: audit.delivered,
      wrong: wrongs(audit) + (stores[SERVER]?.messages ?? 0),
    },
  }
}

const wrongs = ({ lost, duplicated, unexpected, falseReports }: Audit): number =>
  lost.length + duplicated.length + unexpected.length + falseReports.length

type Moved = Pick<Move, 'seconds' | 'workerBeforeMiB' | 'workerPeakMiB' | 'arrived'>

async function moveIt(service: Service, site: BenchSite): Promise<Moved> {
  const workerBeforeMiB = memoryMiB(service.workerPid)
  let workerPeakMiB = workerBeforeMiB
  const mail = keepSending(site)
  const began = performance.now()
  let move = await service.http.post<MoveView>(`/sites/${SITE}/moves`, {
    mailbox: MAILBOX,
    to: OTHER_SERVER,
  })
  while (move.state === 'running') {
    await sleep(LOOK_MS)
    workerPeakMiB = Math.max(workerPeakMiB, memoryMiB(service.workerPid))
    move = await service.http.get<MoveView>(`/sites/${SITE}/moves/${move.id}`)
  }
  const seconds = round((performance.now() - began) / 1_000, 2)
  if (move.state !== 'completed') throw new Error(`The move was ${move.state}.`)
  const arrived = await mail.stop()
  return { seconds, workerBeforeMiB, workerPeakMiB, arrived }
}

/** Sends to the mailbox at a steady pace, whatever becomes of it. */
function keepSending(site: BenchSite) {
  const sent: Promise<number>[] = []
  const send = (): void => void sent.push(site.deliverTo([MAILBOX]).then(seenMs))
  const timer = setInterval(send, ARRIVAL_MS)
  return {
    async stop() {
      clearInterval(timer)
      const took = await Promise.all(sent)
      return {
        messages: took.length,
        p50Ms: round(percentile(took, 50)),
        mostMs: round(percentile(took, 100)),
      }
    },
  }
}

const memoryMiB = (pid: number): number =>
  Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', `${pid}`])) / 1_024)

async function progressOf({ connection }: Service): Promise<Move['progress']> {
  const name = movesQueue(SITE)
  const client = connection.client() as Client
  const prefix = queuePrefix(connection.namespace, name)
  const queue = new Queue(name, { connection: client, prefix })
  const jobs = await queue.getJobs(['completed'])
  await queue.close()
  await client.quit()
  const items = jobs.flatMap(({ progress }) =>
    typeof progress === 'object' ? [Number((progress as { items?: number }).items)] : [],
  )
  return { jobs: items.length, last: Math.max(0, ...items) }
}

export function moveText(move: Move): string {
  const { arrived, progress, audit } = move
  const times = `p50 ${arrived.p50Ms} ms, at most ${arrived.mostMs} ms`
  const memory = `${move.workerBeforeMiB} MiB before, ${move.workerPeakMiB} MiB at its most`
  return `${[
    `moved      ${move.messages} messages in ${move.seconds} s, ${move.itemsPerSecond} a second`,
    `worker     ${memory}`,
    `progress   on ${progress.jobs} jobs, the last one ${progress.last} items`,
    `meanwhile  ${arrived.messages} messages arrived, ${times}`,
    `held       ${move.held} of ${move.messages + arrived.messages} by the new server`,
    `audit      ${audit.delivered} delivered, ${audit.wrong} wrong, took ${audit.seconds} s` +
      `${audit.atRest ? '' : ', NOT AT REST'}`,
  ].join('\n')}\n`
}
