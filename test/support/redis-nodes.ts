/**
 * Several real Redis processes on loopback: nodes of a cluster, or a master with a replica and
 * sentinels that watch over them.
 *
 * Each dies with the test's process, and with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished } from 'vitest'
import { findRedis } from '../../services/setup/find-redis.mjs'
import { temporaryFolder } from './folder.ts'

export interface RedisNode {
  port: number
  child: ChildProcess
  /** To this node alone. */
  client: Redis
}

/** Long enough for six processes to start and to meet on a busy machine. */
export const MET = { timeout: 60_000, interval: 50 }

/** A port that nobody listens to. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The server under its own name, by which it knows what it is to be. */
export function serverIn(folder: string): string {
  const binary = findRedis()
  if (!binary) throw new Error('there is no Redis server on the PATH')
  const program = join(folder, binary.name)
  symlinkSync(binary.path, program)
  return program
}

/** A Redis with these options besides; `sentinel` with its configuration in a file. */
export async function startNode(more: string[], sentinel: string[] = []): Promise<RedisNode> {
  const folder = temporaryFolder()
  const program = serverIn(folder)
  const port = await freePort()
  const data = join(folder, 'data')
  mkdirSync(data)
  const file = join(folder, 'redis.conf')
  writeFileSync(file, sentinel.map((line) => `${line}\n`).join(''))
  const common = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', data, '--daemonize', 'no']
  const kept = ['--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction']
  const args = sentinel.length > 0 ? [file, '--sentinel', ...common] : [...common, ...kept, ...more]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const client = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null })
  client.on('error', (error) => {
    if (child.exitCode === null && child.signalCode === null && !/ECONN/.test(error.message)) {
      throw error
    }
  })
  onTestFinished(() => client.disconnect())
  await client.ping()
  return { port, child, client }
}

export interface Nodes {
  /** For REDIS_URL. */
  url: string
  master: RedisNode
  /** Resolves when another has taken the master's place. */
  tookOver(): Promise<void>
}

const MASTERS = 3
const SLOTS = 16_384
/** A node that is silent for so long is taken for dead. */
const NODE_TIMEOUT_MS = 2_000

/** Three masters with a replica each. */
export async function startCluster(): Promise<Nodes> {
  const nodes: RedisNode[] = []
  for (let i = 0; i < 2 * MASTERS; i++) {
    const bus = await freePort()
    const timeout = ['--cluster-node-timeout', `${NODE_TIMEOUT_MS}`]
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, ...timeout]
    nodes.push(await startNode(cluster))
    if (i > 0) await nodes[0]?.client.call('CLUSTER', 'MEET', '127.0.0.1', `${nodes[i]?.port}`, bus)
  }
  const masters = nodes.slice(0, MASTERS)
  for (const [i, { client }] of masters.entries()) {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * SLOTS) / MASTERS)) as [number, number]
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1)
  }
  const known = ({ client }: RedisNode) => client.cluster('INFO')
  for (const node of nodes) {
    await expect.poll(() => known(node), MET).toContain(`cluster_known_nodes:${2 * MASTERS}`)
  }
  for (const [i, { client }] of nodes.slice(MASTERS).entries()) {
    await client.call(
      'CLUSTER',
      'REPLICATE',
      await (masters[i] as RedisNode).client.cluster('MYID'),
    )
  }
  for (const node of nodes) await expect.poll(() => known(node), MET).toContain('cluster_state:ok')
  const replicas = nodes.slice(MASTERS)
  for (const { client } of replicas) {
    await expect.poll(() => client.info('replication'), MET).toContain('master_link_status:up')
  }
  const heir = replicas[0] as RedisNode
  return {
    url: nodes.map(({ port }) => `redis://127.0.0.1:${port}`).join(','),
    master: masters[0] as RedisNode,
    tookOver: () => becomesMaster(heir),
  }
}

async function becomesMaster({ client }: RedisNode): Promise<void> {
  await expect.poll(() => client.info('replication'), MET).toContain('role:master')
}

const QUORUM = 2
const SENTINELS = 3
const MASTER = 'mail'

/** A master and its replica, and three sentinels. */
export async function startSentinels(): Promise<Nodes> {
  const master = await startNode([])
  const replica = await startNode(['--replicaof', `127.0.0.1 ${master.port}`])
  await expect
    .poll(() => replica.client.info('replication'), MET)
    .toContain('master_link_status:up')
  const watch = [
    `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${MASTER} ${NODE_TIMEOUT_MS}`,
    `sentinel failover-timeout ${MASTER} ${5 * NODE_TIMEOUT_MS}`,
  ]
  const sentinels: RedisNode[] = []
  for (let i = 0; i < SENTINELS; i++) sentinels.push(await startNode([], watch))
  for (const { client } of sentinels) {
    const knows = async () => String(await client.call('SENTINEL', 'CKQUORUM', MASTER))
    await expect.poll(knows, MET).toContain(`OK ${SENTINELS} usable`)
    const replicas = async () => client.call('SENTINEL', 'REPLICAS', MASTER)
    await expect.poll(replicas, MET).toHaveLength(1)
  }
  const nodes = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
  return {
    url: `redis+sentinel://${nodes}/${MASTER}`,
    master,
    tookOver: () => becomesMaster(replica),
  }
}
