/**
 * The queues: one for each actor's role on each server, and how events become jobs.
 *
 * The job's name is the event's type, its id the event's id, its data the event; its return value
 * says what the event changed. Each queue has a hash tag of its own, so that on a cluster its keys
 * share a slot and the queues spread.
 */
import { Queue } from 'bullmq'
import { kindOf, partsOf, serverOf } from '../../machines/protocol.ts'
import type { MailEvent } from '../../machines/wire.ts'
import { who } from '../../machines/words.ts'
import type { Client } from './commit.ts'

export function queuePrefix(namespace: string, name: string): string {
  return `{${namespace}:${name}}`
}

export const ROLES = ['mta', 'store', 'directory', 'moves'] as const
export type Role = (typeof ROLES)[number]

/**
 * Finished jobs that stay for a watcher: enough to see what just happened, few enough to stay
 * small.
 */
const KEPT_JOBS = { count: 1_000, age: 24 * 3_600 }
/** Failed ones are a fault of ours and are kept longer. */
const KEPT_FAILURES = { count: 10_000 }

/** A throw never ends a job for good: the worker puts it off itself, and this stands behind it. */
export const JOB_OPTIONS = {
  attempts: 1_000_000,
  backoff: { type: 'fixed', delay: 1_000 },
  removeOnComplete: KEPT_JOBS,
  removeOnFail: KEPT_FAILURES,
}

export const queueName = (site: string, server: string, role: Exclude<Role, 'moves'>): string =>
  `${site}.${server}.${role}`
export const movesQueue = (site: string): string => `${site}.moves`

/** Which queue an actor's events wait in. */
export function queueOf(site: string, address: string): string {
  const [first, second] = partsOf(address) as [string, string]
  switch (kindOf(address)) {
    case 'mailbox':
      return queueName(site, first, 'store')
    case 'directory':
      return queueName(site, first, 'directory')
    case 'move':
      return movesQueue(site)
    default:
      return queueName(site, serverOf(second), 'mta')
  }
}

export const queueNamesOf = (site: string, servers: string[]): string[] => [
  ...servers.flatMap((server) => [
    queueName(site, server, 'mta'),
    queueName(site, server, 'store'),
    queueName(site, server, 'directory'),
  ]),
  movesQueue(site),
]

/** An event as a job carries it; `who` and `message` are for a person who looks. */
export interface JobData extends MailEvent {
  site: string
  who: string
  message?: string
  /** Of an alarm: the real time at which it was set to ring. */
  alarmAt?: number
}

/** The message that an event is about, if it is about one. */
export function messageOf(event: MailEvent): string | undefined {
  const kind = kindOf(event.to)
  if (kind === 'message' || kind === 'recipient' || kind === 'slot') return partsOf(event.to)[0]
  return event.item?.key
}

export interface Queues {
  get(name: string): Queue
  /** Adds the jobs of these events; one that is there already is left as it is. */
  add(site: string, events: MailEvent[], delays?: (event: MailEvent) => number): Promise<void>
  close(): Promise<void>
}

export function openQueues(client: Client, namespace: string): Queues {
  const open = new Map<string, Queue>()
  const get = (name: string): Queue => {
    const known = open.get(name)
    if (known) return known
    const queue = new Queue(name, { connection: client, prefix: queuePrefix(namespace, name) })
    queue.on('error', (error) => console.error(`queue ${name}: ${error.message}`))
    open.set(name, queue)
    return queue
  }
  return {
    get,
    async add(site, events, delays) {
      const groups = [...grouped(site, events)]
      await Promise.all(groups.map(([name, mine]) => addAll(get(name), site, mine, delays)))
    },
    async close() {
      await Promise.all([...open.values()].map((queue) => queue.close()))
    },
  }
}

function grouped(site: string, events: MailEvent[]): Map<string, MailEvent[]> {
  const groups = new Map<string, MailEvent[]>()
  for (const event of events) {
    const name = queueOf(site, event.to)
    const group = groups.get(name)
    if (group) group.push(event)
    else groups.set(name, [event])
  }
  return groups
}

async function addAll(
  queue: Queue,
  site: string,
  events: MailEvent[],
  delays?: (event: MailEvent) => number,
): Promise<void> {
  const jobs = events.map((event) => ({
    name: event.type,
    data: jobData(site, event),
    opts: {
      jobId: event.id,
      ...JOB_OPTIONS,
      ...(delays ? { delay: delays(event) } : {}),
    },
  }))
  const [only] = jobs
  if (jobs.length === 1 && only) await queue.add(only.name, only.data, only.opts)
  else await queue.addBulk(jobs)
}

export function jobData(site: string, event: MailEvent): JobData {
  const message = messageOf(event)
  return {
    site,
    who: who(event.to, undefined, event.alias),
    ...(message ? { message } : {}),
    ...event,
  }
}
