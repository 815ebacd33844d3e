/**
 * Back-pressure: whether new mail is taken now.
 *
 * Past any of three limits it is refused with 503 and `Retry-After`, before anything is written;
 * what was accepted goes on. The queues: so much that is under way is worked off in a minute or
 * so, and each event of it takes up memory. Redis: work in progress needs room too, so new mail
 * stops well before the server itself refuses to write. The event loop: whoever is a second late
 * answers nobody in time. The figures are looked at a few times a second while mail comes in.
 */
import { Cluster } from 'ioredis'
import { problem } from '../errors.ts'
import type { Client } from './commit.ts'
import { part, shardsOf } from './keys.ts'
import { QUEUE_LIMIT } from './limits.ts'
import type { Settings } from './settings.ts'

/** Of what Redis may use. The rest is for what was accepted: journals, reports, copies. */
export const MEMORY_SHARE = 0.8
/** Nobody is answered in time by a process that is as late as this. */
export const LAG_LIMIT_MS = 1_000
/** How often the figures are taken while mail comes in; what comes in between is counted here. */
export const SAMPLE_MS = 250
/** What a message's text takes up: kept once, and once more while it is written. */
const COPIES = 2
/** Older figures are not relied on: the request waits for new ones. */
const STALE_MS = 4 * SAMPLE_MS

/** How long a client is told to wait: work in a queue takes longer than a late event loop. */
const RETRY_AFTER_SECONDS = { lag: 1, queue: 5, memory: 10 }

export interface Limits {
  queue: number
  memoryShare: number
  lagMs: number
}
export const LIMITS: Limits = {
  queue: QUEUE_LIMIT,
  memoryShare: MEMORY_SHARE,
  lagMs: LAG_LIMIT_MS,
}

export interface Admission {
  /** Throws `overloaded` when no new mail is taken now; else counts the recipients. */
  admit(settings: Settings, recipients: number): Promise<void>
  /** So much is about to be written: nobody looks at the memory again before the next sample. */
  took(settings: Settings, bytes: number): void
  close(): void
}

interface Sample {
  at: number
  underWay: number
  memory: { used: number; limit: number }
  /** Recipients and bytes that were accepted since. */
  recipients: number
  bytes: number
}

export function openAdmission(client: Client, limits: Limits = LIMITS): Admission {
  const samples = new Map<string, Sample>()
  const sampling = new Map<string, Promise<Sample>>()
  const lag = watchLag()
  const take = (settings: Settings): Promise<Sample> => {
    const running = sampling.get(settings.site)
    if (running) return running
    const taken = sampleOf(client, settings)
      .then((sample) => {
        samples.set(settings.site, sample)
        return sample
      })
      .finally(() => sampling.delete(settings.site))
    sampling.set(settings.site, taken)
    return taken
  }
  return {
    async admit(settings, recipients) {
      const now = performance.now()
      let sample = samples.get(settings.site)
      if (!sample || now - sample.at > STALE_MS) sample = await take(settings)
      // Taken beside the requests, which go on with the last ones if it fails.
      else if (now - sample.at > SAMPLE_MS) take(settings).catch(tell)
      refuse(settings, sample, lag.ms(), limits)
      sample.recipients += recipients
    },
    took(settings, bytes) {
      const sample = samples.get(settings.site)
      if (sample) sample.bytes += COPIES * bytes
    },
    close: () => lag.stop(),
  }
}

function refuse(settings: Settings, sample: Sample, lagMs: number, limits: Limits): void {
  const underWay = sample.underWay + sample.recipients
  const used = sample.memory.used + sample.bytes
  const { limit } = sample.memory
  if (lagMs >= limits.lagMs) {
    throw overloaded('lag', `This process is ${Math.round(lagMs)} ms behind.`)
  }
  if (underWay >= limits.queue) {
    const most = `${limits.queue} are the most`
    throw overloaded('queue', `${underWay} events of ${settings.site} are under way; ${most}.`)
  }
  if (limit > 0 && used >= limits.memoryShare * limit) {
    const share = Math.round((100 * used) / limit)
    const most = `${Math.round(100 * limits.memoryShare)}% are the most`
    throw overloaded('memory', `Redis uses ${share}% of its memory; ${most}.`)
  }
}

const overloaded = (why: keyof typeof RETRY_AFTER_SECONDS, detail: string) =>
  problem('overloaded', detail, { retryAfter: RETRY_AFTER_SECONDS[why] })

async function sampleOf(client: Client, settings: Settings): Promise<Sample> {
  const [lengths, memory] = await Promise.all([
    Promise.all(shardsOf(settings).map((k) => client.hlen(part(settings, k, 'outbox')))),
    memoryOf(client),
  ])
  const underWay = lengths.reduce((sum, one) => sum + one, 0)
  return { at: performance.now(), underWay, memory, recipients: 0, bytes: 0 }
}

/** Of the fullest node. Without a limit of its own a server has its machine's. */
async function memoryOf(client: Client): Promise<Sample['memory']> {
  const opened: unknown = client
  const nodes = opened instanceof Cluster ? opened.nodes('master') : [client]
  const all = await Promise.all(nodes.map((node) => node.info('memory')))
  const figures = all.map((information) => {
    const of = (name: string) =>
      Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(information)?.[1] ?? 0)
    return { used: of('used_memory'), limit: of('maxmemory') || of('total_system_memory') }
  })
  const share = ({ used, limit }: Sample['memory']) => (limit > 0 ? used / limit : 0)
  return figures.sort((a, b) => share(b) - share(a))[0] ?? { used: 0, limit: 0 }
}

/** How late a timer came that should have come just now. */
function watchLag() {
  let due = performance.now() + SAMPLE_MS
  let late = 0
  const timer = setInterval(() => {
    const now = performance.now()
    late = Math.max(0, now - due)
    due = now + SAMPLE_MS
  }, SAMPLE_MS)
  timer.unref()
  return {
    // It may be late this very moment: then its timer has not come yet.
    ms: () => Math.max(late, performance.now() - due),
    stop: () => clearInterval(timer),
  }
}

const tell = (error: Error): void => console.error(`admission: ${error.message}`)
