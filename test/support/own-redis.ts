/**
 * A Redis of a test's own: a real process with the settings that the test is about, on a unix
 * socket, ended with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { type Connection, type ConnectOptions, connect } from '../../services/redis/connect.ts'
import { findRedis } from '../../services/setup/find-redis.mjs'
import { temporaryFolder } from './folder.ts'

export interface OwnRedis {
  url: string
  folder: string
  child: ChildProcess
  client: Redis
  connect(options?: Partial<ConnectOptions>): Connection
  /** A number of a line of INFO. */
  said(section: string, name: string): Promise<number>
}

/**
 * `binary` is another server than the one of the service; `wrap` is a command
 * that ends by running what follows it.
 */
export async function startOwnRedis(
  args: string[] = [],
  { folder = temporaryFolder(), binary = findRedis(), wrap = [] as string[] } = {},
): Promise<OwnRedis> {
  if (binary === null) throw new Error('there is no Redis on the PATH')
  const url = join(folder, 'r.sock')
  const own = ['--unixsocket', url, '--dir', folder, '--save', '', '--hz', '100']
  const port = args.includes('--port') ? [] : ['--port', '0']
  // A shell that prepares something runs the program by a link of the right name.
  const linked = join(folder, binary.name)
  if (wrap.length > 0 && !existsSync(linked)) symlinkSync(binary.path, linked)
  const command = wrap.length > 0 ? [...wrap, linked] : [binary.path]
  const child = spawn(command[0] as string, [...command.slice(1), ...port, ...own, ...args], {
    ...(wrap.length > 0 ? {} : { argv0: binary.name }),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  await ready(child)
  const open = (options: Partial<ConnectOptions> = {}): Connection =>
    connect({
      redisUrl: url,
      namespace: 'own',
      durability: 'memory',
      log: () => undefined,
      ...options,
    })
  const client = open().client() as Redis
  onTestFinished(() => client.disconnect())
  return {
    url,
    folder,
    child,
    client,
    connect: open,
    async said(section, name) {
      const information = await client.info(section)
      return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(information)?.[1] ?? Number.NaN)
    },
  }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = []
    if (child.stdout === null) return reject(new Error('its output is not read'))
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (/ready to accept connections/i.test(line)) resolve()
    })
    child.once('exit', () => reject(new Error(lines.join('\n'))))
  })
}
