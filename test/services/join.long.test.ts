/**
 * `docker/join.sh` against six Redis processes that are configured as the cluster's containers are,
 * each with an address of its own.
 */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { checkout } from '../support/program.ts'
import { MET, serverIn } from '../support/redis-nodes.ts'

const ADDRESSES = [1, 2, 3, 4, 5, 6].map((last) => `127.0.1.${last}`)

const CONFIGURATION = readFileSync(join(checkout, 'docker/redis.conf'), 'utf8')

/** The script gives up by itself after a minute; `redis-cli` does not. */
const JOINED_MS = 90_000

/** A node talks to the others on a port so much higher. */
const BUS = 10_000
const PORT_MAX = 65_535

/** One that nobody has, and that leaves room for the bus. */
async function portForAll(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1')
    await expect.poll(() => server.listening).toBe(true)
    const { port } = server.address() as { port: number }
    server.close()
    if (port + BUS <= PORT_MAX) return port
  }
}

function startNode(address: string, port: number): void {
  const folder = temporaryFolder()
  const file = join(folder, 'redis.conf')
  writeFileSync(file, CONFIGURATION.replace('dir /data', `dir ${folder}`))
  // As a container's would be, its address is the one that the others see it come from.
  const own = ['--bind', address, '--bind-source-addr', address, '--port', `${port}`]
  const args = [serverIn(folder), file, ...own, '--cluster-enabled', 'yes']
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...args], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
}

const ask = (address: string, port: number, ...words: string[]) =>
  spawnSync('redis-cli', ['-h', address, '-p', `${port}`, ...words], { encoding: 'utf8' }).stdout

test('six nodes become one cluster, and stay it', { timeout: 180_000 }, async () => {
  const port = await portForAll()
  for (const address of ADDRESSES) startNode(address, port)
  for (const address of ADDRESSES) {
    await expect.poll(() => ask(address, port, 'ping'), MET).toBe('PONG\n')
  }
  const env = { ...process.env, PORT: `${port}` }
  const run = () =>
    spawnSync('sh', [join(checkout, 'docker/join.sh'), ...ADDRESSES], {
      env,
      encoding: 'utf8',
      timeout: JOINED_MS,
    })
  const joined = run()
  expect(joined, joined.stdout + joined.stderr).toMatchObject({ status: 0 })
  expect(joined.stdout).toContain('The cluster of 6 nodes is up.')
  for (const address of ADDRESSES) {
    const count = (role: RegExp) =>
      ask(address, port, 'cluster', 'nodes')
        .split('\n')
        .filter((line) => role.test(line)).length
    await expect.poll(() => [count(/\bmaster\b/), count(/\bslave\b/)], MET).toEqual([3, 3])
  }
  expect(run()).toMatchObject({ status: 0, stdout: 'The cluster of 6 nodes is up.\n' })
})
