/**
 * `bench -- live`: for each number of recipients, messages a second from the request until every
 * recipient has settled, and how long that takes one message, alone and under load; and a bare
 * BullMQ chain of as many jobs beside it.
 *
 * Ours and the bare chain take turns, so that what else the machine does falls on both.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { queueName } from '../../services/runtime/queues.ts'
import { type Bare, openBare } from './bare.ts'
import { planFor } from './bare-plan.ts'
import { type Counted, type Counters, noCounts, openCounters, plus, since } from './counters.ts'
import {
  type Done,
  drive,
  inFlightOf,
  percentile,
  perSecond,
  round,
  sum,
  WARM_UP_MS,
} from './load.ts'
import type { Options } from './options.ts'
import type { Service } from './service.ts'
import { type BenchSite, committedMs, openSite, SERVER, SERVERS, SITE, seenMs } from './site.ts'
import { table } from './table.ts'

export interface Run {
  recipients: number
  messagesPerSecond: number
  bareMessagesPerSecond: number
  ratio: number
  unloadedP50Ms: number
  unloadedP99Ms: number
  loadedP50Ms: number
  loadedP99Ms: number
  jobsPerMessage: number
  redisCommandsPerMessage: number
  redisBytesPerMessage: number
}

/**
 * How often ours and the bare chain take turns for one number of recipients, unless a message takes
 * longer.
 */
const TURNS = 4
/**
 * One at a time: at most so many, so that small messages do not take long; and at least so many,
 * for a percentile.
 */
const UNLOADED_MOST = 300
const UNLOADED_LEAST = 3
/** A worker tells the queue that a job is done after what it did was committed. */
const AFTERMATH_MS = 100

export async function benchLive(service: Service, options: Options): Promise<Run[]> {
  const site = await openSite(service, Math.max(...options.recipients))
  const counters = openCounters(service.connection, SITE, SERVERS)
  const runs: Run[] = []
  const forMs = options.seconds * 1_000
  await drive({ inFlight: inFlightOf(1), forMs: WARM_UP_MS }, async () => {
    await site.deliver(1)
  })
  const bare = await openBare(service)
  await bare.load({ inFlight: inFlightOf(1), forMs: WARM_UP_MS }, planFor(2, 1, 3))
  for (const recipients of options.recipients) {
    console.error(`${recipients} recipients ...`)
    const unloaded = await unloadedMs(site, recipients, forMs)
    runs.push(await underLoad({ site, counters, bare, recipients, forMs }, unloaded))
  }
  await Promise.all([counters.close(), bare.close(), site.close()])
  return runs
}

/** One message after the other. */
export async function unloadedMs(
  { deliver }: Pick<BenchSite, 'deliver'>,
  recipients: number,
  forMs: number,
): Promise<number[]> {
  const took: number[] = []
  const until = performance.now() + forMs
  while (
    took.length < UNLOADED_LEAST ||
    (took.length < UNLOADED_MOST && performance.now() < until)
  ) {
    took.push(seenMs(await deliver(recipients)))
  }
  return took
}

interface Measuring {
  site: BenchSite
  counters: Counters
  bare: Bare
  recipients: number
  forMs: number
}

async function underLoad(measuring: Measuring, unloaded: number[]): Promise<Run> {
  const { bare, recipients } = measuring
  const load = { inFlight: inFlightOf(recipients), forMs: measuring.forMs / TURNS }
  const ours: Loaded[] = []
  const theirs: Done[] = []
  do {
    const one = await loadOurs(measuring, load)
    ours.push(one)
    theirs.push(await bare.load(load, planOf(one)))
  } while (sum(ours.map(({ tookMs }) => tookMs)) < measuring.forMs)
  const took = ours.flatMap(({ tookEachMs }) => tookEachMs)
  const { jobs, commands, bytes } = ours.map(({ counted }) => counted).reduce(plus, noCounts)
  const messages = sum(ours.map((one) => one.messages))
  const messagesPerSecond = perSecond(ours)
  const bareMessagesPerSecond = perSecond(theirs)
  const digits = messagesPerSecond < 10 ? 3 : 1
  return {
    recipients,
    messagesPerSecond: round(messagesPerSecond, digits),
    bareMessagesPerSecond: round(bareMessagesPerSecond, digits),
    ratio: round(messagesPerSecond / bareMessagesPerSecond, 3),
    unloadedP50Ms: round(percentile(unloaded, 50)),
    unloadedP99Ms: round(percentile(unloaded, 99)),
    loadedP50Ms: round(percentile(took, 50)),
    loadedP99Ms: round(percentile(took, 99)),
    jobsPerMessage: round(jobs / messages, 2),
    redisCommandsPerMessage: round(commands / messages),
    redisBytesPerMessage: Math.round(bytes / messages),
  }
}

export interface Loaded extends Done {
  tookEachMs: number[]
  counted: Counted
}

export async function loadOurs(
  { site, counters, recipients }: Omit<Measuring, 'bare' | 'forMs'>,
  load: { inFlight: number; forMs: number },
): Promise<Loaded> {
  const tookEachMs: number[] = []
  site.follower.underLoad(true)
  const costBefore = site.follower.cost()
  const before = await counters.read()
  const done = await drive(load, async () => {
    tookEachMs.push(committedMs(await site.deliver(recipients)))
  })
  await sleep(AFTERMATH_MS)
  const counted = since(before, await counters.read())
  const cost = site.follower.cost()
  site.follower.underLoad(false)
  counted.commands -= cost.commands - costBefore.commands
  counted.bytes -= cost.bytes - costBefore.bytes
  return { ...done, tookEachMs, counted }
}

function planOf({ messages, counted }: Loaded) {
  const { byQueue, jobs } = counted
  const of = (role: 'mta' | 'store') => (byQueue[queueName(SITE, SERVER, role)] ?? 0) / messages
  return planFor(of('mta'), of('store'), jobs / messages)
}

export function liveText(runs: Run[]): string {
  const heads = [
    ['recipients', 'messages/s', 'bare', 'ratio', 'alone p50', 'p99', 'loaded p50', 'p99'],
    ['jobs', 'commands', 'bytes'],
  ].flat()
  const rows = runs.map((run) => [
    ...[run.recipients, run.messagesPerSecond, run.bareMessagesPerSecond, run.ratio],
    ...[`${run.unloadedP50Ms} ms`, `${run.unloadedP99Ms} ms`],
    ...[`${run.loadedP50Ms} ms`, `${run.loadedP99Ms} ms`],
    ...[run.jobsPerMessage, run.redisCommandsPerMessage, run.redisBytesPerMessage],
  ])
  return table(heads, rows)
}
