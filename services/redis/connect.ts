/**
 * How every part of the service reaches Redis.
 *
 * A `Connection` says where the Redis is and under which namespace the service's keys stand;
 * `client()` opens a new client each time, and whoever opened it closes it. A client waits for a
 * Redis that has gone away for as long as it takes (BullMQ demands that of its blocking ones, and a
 * restart of Redis must lose nothing).
 */
import { Cluster, type Redis } from 'ioredis'
import type { Durability, ReplicasWanted } from './durability.ts'
import { PatientRedis } from './patient-redis.ts'
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
  /** Replaced in tests by a shorter one. */
  silenceMs?: number
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
      const client = openClient(target, options)
      logTrouble(client, displayUrl, log)
      keepAsking(client)
      return client
    },
  }
}

/**
 * A command that has no answer for so long means a connection of which the other end is gone
 * without a word (a machine that lost power, a firewall that forgot it): it is closed, and what was
 * not answered is sent again on another. Longer than BullMQ lets a command wait on purpose (10 s).
 */
const SILENCE_MS = 15_000

/**
 * How often a connection is asked whether it lives, so that one that is seldom used is not found
 * dead only when it is needed; and all that died together are found together.
 */
const ASK_MS = 5_000

function openClient(target: RedisTarget, options: ConnectOptions): Redis | Cluster {
  const shared = {
    connectionName: options.namespace,
    maxRetriesPerRequest: null,
    socketTimeout: options.silenceMs ?? SILENCE_MS,
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.kind !== 'unix' && target.tls ? { tls: {} } : {}),
  }
  if (target.kind === 'cluster') {
    return new Cluster(target.nodes, {
      redisOptions: shared,
      clusterRetryStrategy: reconnectDelayMs,
      ...FAILOVER,
      // A managed cluster's nodes are named in their certificates: do not turn the names into
      // addresses.
      ...(target.tls ? { dnsLookup: (name, callback) => callback(null, name) } : {}),
    })
  }
  return new PatientRedis({
    ...shared,
    ...placeOf(target),
    db: target.db,
    retryStrategy: reconnectDelayMs,
    // A master that was replaced, and has come back as a replica: ask for the new one, and again.
    reconnectOnError: ({ message }: Error) => (message.startsWith('READONLY') ? 2 : false),
  })
}

/**
 * A replica takes the place of a dead master within seconds (`cluster-node-timeout`, 15 s by
 * default, and an election). A command waits for that, as it does for a single Redis: so often, and
 * so long in between, it is asked for again.
 */
const FAILOVER = {
  maxRedirections: 120,
  retryDelayOnFailover: 250,
  retryDelayOnClusterDown: 250,
  retryDelayOnMoved: 50,
}

function placeOf(target: Exclude<RedisTarget, { kind: 'cluster' }>) {
  if (target.kind === 'unix') return { path: target.path }
  if (target.kind === 'tcp') return { host: target.host, port: target.port }
  return {
    sentinels: target.nodes,
    name: target.master,
    sentinelRetryStrategy: reconnectDelayMs,
    ...(target.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  }
}

function reconnectDelayMs(attempt: number): number {
  return Math.min(attempt * FIRST_RECONNECT_MS, LONGEST_RECONNECT_MS)
}

function keepAsking(client: Redis | Cluster): void {
  const asking = setInterval(() => {
    const nodes = client instanceof Cluster ? client.nodes() : [client]
    for (const node of nodes) {
      // Without an answer the connection is closed, and whoever uses it hears of that.
      if (node.status === 'ready') void node.ping(() => undefined)
    }
  }, ASK_MS)
  client.once('end', () => clearInterval(asking))
  asking.unref()
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
