/**
 * How every part of the service reaches Redis.
 *
 * A `Connection` says where the Redis is and under which namespace the service's keys stand;
 * `client()` opens a new client each time, and whoever opened it closes it. A client waits for a
 * Redis that has gone away for as long as it takes (BullMQ demands that of its blocking ones, and a
 * restart of Redis must lose nothing).
 */
import { Cluster, Redis } from 'ioredis'
import type { Durability, ReplicasWanted } from './durability.ts'
import { parseRedisUrl, type RedisTarget, redact } from './url.ts'

export interface Connection {
  /** As it was given, password included: show `displayUrl`. */
  url: string
  displayUrl: string
  namespace: string
  cluster: boolean
  /** Into how many parts a new site is divided, each with a hash slot of its own. */
  shards: number
  /** The mode that was chosen; whoever accepts mail checks that this Redis keeps it. */
  durability: Durability
  /** How many replicas must have a message before it counts as accepted. */
  replicas: ReplicasWanted
  /** A new client, owned and closed by the caller. */
  client(): Redis | Cluster
}

export interface ConnectOptions {
  redisUrl: string
  namespace: string
  durability: Durability
  /** Default: `auto`. */
  replicas?: ReplicasWanted
  /** Where trouble with Redis is told, once each time that it begins. Default: stderr. */
  log?: (line: string) => void
}

/**
 * One Redis gives a site a total order; on a cluster its parts must be able to lie on several
 * masters.
 */
const SHARDS_ON_ONE_REDIS = 1
const SHARDS_ON_A_CLUSTER = 16

/**
 * Between two attempts to reconnect: soon at first, and often enough that a restart is hardly
 * noticed.
 */
const FIRST_RECONNECT_MS = 20
const LONGEST_RECONNECT_MS = 1_000

export function connect(options: ConnectOptions): Connection {
  const target = parseRedisUrl(options.redisUrl)
  const displayUrl = redact(options.redisUrl)
  const log = options.log ?? ((line: string) => console.error(line))
  const cluster = target.kind === 'cluster'
  return {
    url: options.redisUrl,
    displayUrl,
    namespace: options.namespace,
    cluster,
    shards: cluster ? SHARDS_ON_A_CLUSTER : SHARDS_ON_ONE_REDIS,
    durability: options.durability,
    replicas: options.replicas ?? 'auto',
    client() {
      const client = openClient(target, options.namespace)
      logTrouble(client, displayUrl, log)
      return client
    },
  }
}

function openClient(target: RedisTarget, namespace: string): Redis | Cluster {
  const shared = {
    connectionName: namespace,
    maxRetriesPerRequest: null,
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.kind !== 'unix' && target.tls ? { tls: {} } : {}),
  }
  if (target.kind === 'cluster') {
    return new Cluster(target.nodes, {
      redisOptions: shared,
      clusterRetryStrategy: reconnectDelayMs,
      // A managed cluster's nodes are named in their certificates: do not turn the names into
      // addresses.
      ...(target.tls ? { dnsLookup: (name, callback) => callback(null, name) } : {}),
    })
  }
  const place =
    target.kind === 'unix' ? { path: target.path } : { host: target.host, port: target.port }
  return new Redis({ ...shared, ...place, db: target.db, retryStrategy: reconnectDelayMs })
}

function reconnectDelayMs(attempt: number): number {
  return Math.min(attempt * FIRST_RECONNECT_MS, LONGEST_RECONNECT_MS)
}

/**
 * A client that cannot connect reports every attempt; the same trouble is told once, until it is
 * over.
 */
function logTrouble(
  client: Redis | Cluster,
  displayUrl: string,
  log: (line: string) => void,
): void {
  let told = ''
  client.on('error', (error: Error) => {
    const line = `Redis at ${displayUrl}: ${error.message || error.name}`
    if (line !== told) log(line)
    told = line
  })
  client.on('ready', () => {
    if (told !== '') log(`Redis at ${displayUrl}: connected again`)
    told = ''
  })
}
