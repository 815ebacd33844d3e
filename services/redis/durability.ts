/**
 * What a Redis can promise: read from the server itself, held against the mode that was chosen.
 *
 * Three modes. `memory`: what was accepted outlives this service's processes and nothing else.
 * `everysec`: it is on disk within a second, so a crash of Redis costs that second at most.
 * `always`: it is on disk before it is acknowledged. A mode that the server cannot keep is refused
 * in words; what a server does not tell (a managed one may refuse CONFIG) is said to be unknown.
 */
import { Cluster, type Redis } from 'ioredis'

export const DURABILITIES = ['memory', 'everysec', 'always'] as const
export type Durability = (typeof DURABILITIES)[number]

/**
 * What a server, or the worst of a cluster's masters, says of itself; null is "it does not say".
 */
export interface Facts {
  version: string
  appendOnly: boolean | null
  appendFsync: string | null
  policy: string | null
  /** Replicas that are connected. */
  replicas: number
  usedMemory: number
  /** 0 is no limit; null is "it does not say". */
  maxMemory: number | null
  /** It knows WAITAOF (Redis 7.2, Valkey). */
  waitsForDisk: boolean
}

/** How accept makes sure of a mode on such a server. */
export interface Assurance {
  words: string
  /** Replicas whose acknowledgement is waited for before a message counts as accepted. */
  replicas: number
  /** The disk's is waited for, since the server answers before it has written. */
  disk: boolean
  unknown: string[]
}

type AnyClient = Redis | Cluster

export async function readFacts(client: AnyClient): Promise<Facts> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client]
  if (nodes.length > 0) return worst(await Promise.all(nodes.map(factsOf)))
  // A cluster whose slots are not known yet: a command makes it learn them.
  await client.info()
  return worst(await Promise.all((client as Cluster).nodes('master').map(factsOf)))
}

async function factsOf(node: Redis): Promise<Facts> {
  const [information, config, command] = await Promise.all([
    node.info(),
    node.config('GET', 'append*', 'maxmemory*').catch(unlessItIsRefused),
    node.call('COMMAND', 'INFO', 'WAITAOF').catch(unlessItIsRefused),
  ])
  const said = pairsOf(config)
  const field = (name: string): string | null =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(information)?.[1] ?? null
  const aof = said.get('appendonly') ?? { '1': 'yes', '0': 'no' }[field('aof_enabled') ?? '']
  const limit = field('maxmemory') ?? said.get('maxmemory')
  return {
    version: field('valkey_version') ?? field('redis_version') ?? '',
    appendOnly: aof === undefined ? null : aof === 'yes',
    appendFsync: said.get('appendfsync') ?? null,
    policy: said.get('maxmemory-policy') ?? field('maxmemory_policy'),
    replicas: Number(field('connected_slaves') ?? 0),
    usedMemory: Number(field('used_memory') ?? 0),
    maxMemory: limit === null || limit === undefined ? null : Number(limit),
    waitsForDisk: Array.isArray(command) && command[0] !== null && command[0] !== undefined,
  }
}

/** No permission, or no such command: the answer is unknown. Anything else is trouble. */
function unlessItIsRefused(error: Error): null {
  if (/NOPERM|unknown (sub)?command|not allowed|disabled/i.test(error.message)) return null
  throw error
}

/** A reply of names and values, as RESP3 (an object, a map) or as RESP2 (a flat list) gives it. */
function pairsOf(reply: unknown): Map<string, string> {
  if (reply === null || reply === undefined) return new Map()
  if (!Array.isArray(reply)) return new Map(Object.entries(reply as Record<string, string>))
  const pairs = new Map<string, string>()
  for (let i = 0; i < reply.length; i += 2) pairs.set(reply[i] as string, reply[i + 1] as string)
  return pairs
}

/** Of several masters, each may be the one that keeps a message. */
function worst(all: Facts[]): Facts {
  const [first] = all
  if (!first) throw new Error('the cluster names no master')
  const rank = ({ appendFsync: how }: Facts) => ['no', null, 'everysec', 'always'].indexOf(how)
  return {
    ...first,
    appendOnly: all.some(({ appendOnly }) => appendOnly === false)
      ? false
      : all.some(({ appendOnly }) => appendOnly === null)
        ? null
        : true,
    appendFsync: [...all].sort((a, b) => rank(a) - rank(b))[0]?.appendFsync ?? null,
    policy: all.find(({ policy }) => policy !== 'noeviction')?.policy ?? first.policy,
    replicas: Math.min(...all.map(({ replicas }) => replicas)),
    usedMemory: Math.max(...all.map(({ usedMemory }) => usedMemory)),
    waitsForDisk: all.every(({ waitsForDisk }) => waitsForDisk),
  }
}

/** More replicas than any Redis is given. */
export const REPLICAS_MAX = 16
/** `auto`: with `always`, one replica's word where there is a replica; else none's. */
export type ReplicasWanted = number | 'auto'

/** How the mode is kept on this server, or why it cannot be. */
export function assure(
  mode: Durability,
  facts: Facts,
  wanted: ReplicasWanted,
): Assurance | { refused: string } {
  const disk = diskFor(mode, facts)
  if ('refused' in disk) return disk
  const auto = mode === 'always' && facts.replicas > 0 ? 1 : 0
  const replicas = wanted === 'auto' ? auto : wanted
  if (replicas > facts.replicas) {
    const has = `it has ${facts.replicas} connected`
    return { refused: `--replicas asks for the word of ${replicas}, and ${has}` }
  }
  const unknown = [...disk.unknown]
  if (facts.policy === null) unknown.push('whether it evicts when it is full')
  return {
    disk: disk.wait,
    replicas,
    unknown,
    words: [disk.words, replicaWords(replicas, facts)].filter((text) => text !== '').join('; '),
  }
}

const replicaWords = (waited: number, { replicas }: Facts): string => {
  if (waited > 0) return `and held by ${waited} of its ${replicas} replicas`
  return replicas > 0 ? 'a fail-over may cost what no replica had yet' : ''
}

interface Disk {
  words: string
  wait: boolean
  unknown: string[]
}

const MEMORY = 'kept in memory only: gone with the Redis'
const EVERYSEC = 'written every second: a crash of Redis may cost the last one'
const ALWAYS = 'written before it is acknowledged'

function diskFor(mode: Durability, facts: Facts): Disk | { refused: string } {
  if (mode === 'memory') return { words: MEMORY, wait: false, unknown: [] }
  const { appendOnly, appendFsync } = facts
  if (appendOnly === false) {
    const set = 'Set appendonly yes there, or choose --durability memory'
    return { refused: `it keeps no append-only file, so a crash may cost anything. ${set}` }
  }
  const unknown = appendOnly === null ? ['whether it keeps an append-only file'] : []
  if (appendFsync === null) unknown.push('how often its append-only file is written')
  if (appendFsync === 'no') {
    const set = 'Set appendfsync everysec there, or choose --durability memory'
    return { refused: `it leaves it to the system when its file is written. ${set}` }
  }
  if (mode === 'everysec') return { words: EVERYSEC, wait: false, unknown }
  if (appendFsync === 'always') return { words: ALWAYS, wait: false, unknown }
  if (facts.waitsForDisk && appendOnly === true) return { words: ALWAYS, wait: true, unknown: [] }
  const how =
    appendFsync === null ? 'does not say when its file is written' : 'writes once a second'
  const set = 'Set appendfsync always there, or choose --durability everysec'
  return { refused: `it ${how}, and has no WAITAOF to wait for that. ${set}` }
}
