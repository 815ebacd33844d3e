/**
 * Starts one Redis server process, bound to the life of this one.
 *
 * It listens on a unix socket only. It dies with its parent, even when that is killed with SIGKILL:
 * on Linux the kernel sees to it (`setpriv --pdeathsig`), elsewhere a shell does that waits for the
 * end of a pipe which only the parent holds open. (The kernel counts a *thread* as the parent:
 * launch from a main thread.)
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Launch } from '../processes.ts'
import { findOnPath, type RedisBinary } from '../setup/find-redis.mjs'
import type { Durability } from './durability.ts'

export type Binding = 'pdeathsig' | 'watchdog'

export interface LaunchOptions {
  binary: RedisBinary
  socketFolder: string
  dataFolder: string
  durability: Durability
  memoryMegabytes: number
  binding: Binding
  /** What Redis said last, for the words about its death. */
  onLine(line: string): void
}

export const socketPath = (folder: string): string => join(folder, 'redis.sock')

export function bestBinding(): Binding {
  const setpriv = findOnPath('setpriv')
  if (process.platform !== 'linux' || setpriv === null) return 'watchdog'
  // The setpriv of BusyBox has no such option.
  return spawnSync(setpriv, ['--pdeathsig', 'TERM', 'true']).status === 0 ? 'pdeathsig' : 'watchdog'
}

function serverArguments(options: LaunchOptions): string[] {
  const append = options.durability === 'memory' ? 'no' : 'yes'
  const fsync = options.durability === 'always' ? 'always' : 'everysec'
  return [
    ...['--port', '0', '--unixsocket', socketPath(options.socketFolder), '--unixsocketperm', '700'],
    ...['--dir', options.dataFolder, '--save', '', '--appendonly', append, '--appendfsync', fsync],
    // Mail is never evicted; and a delayed job is due on time (blocked clients wake at this rate).
    ...['--maxmemory', `${options.memoryMegabytes}mb`, '--maxmemory-policy', 'noeviction'],
    ...['--hz', '100', '--daemonize', 'no'],
    // Compressed, the file that is written anew is so small that it is due again at once.
    ...['--rdbcompression', 'no'],
  ]
}

/**
 * A link by the name under which the program serves, since setpriv cannot be told a name
 * (find-redis.mjs).
 */
function namedProgram(options: LaunchOptions): string {
  const program = join(options.socketFolder, options.binary.name)
  if (!existsSync(program)) symlinkSync(options.binary.path, program)
  return program
}

export function launchRedis(options: LaunchOptions): Launch<void> {
  const program = [namedProgram(options), ...serverArguments(options)]
  const command =
    options.binding === 'pdeathsig' ? ['setpriv', '--pdeathsig', 'TERM', ...program] : program
  // A session of its own: Ctrl-C in the terminal is for the supervisor, which stops Redis last.
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  if (options.binding === 'watchdog' && child.pid !== undefined) watch(child, child.pid)
  return { child, ready: readyLine(child, options.onLine) }
}

function watch(child: ChildProcess, pid: number): void {
  const script = 'cat > /dev/null; kill -TERM "$1"'
  const watchdog = spawn('sh', ['-c', script, 'undeliverable-watchdog', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.once('error', () => child.kill('SIGTERM'))
  // Not after Redis: its process id may be somebody else's by then.
  child.once('exit', () => watchdog.kill('SIGKILL'))
}

/** Redis and Valkey alike say so once their data is loaded. */
function readyLine(child: ChildProcess, onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        onLine(line)
        if (/ready to accept connections/i.test(line)) resolve()
      })
    }
  })
}
