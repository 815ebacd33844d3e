/**
 * A real program of the service as a child of a test: its lines as they come, its end, and no trace
 * left after.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { identify, isAlive, type ProcessIdentity } from '../../services/redis/process-identity.ts'

export interface Program {
  child: ChildProcess
  pid: number
  /** Both streams, line by line. */
  lines: string[]
  /** The first line that matches, among those that came already and those to come. */
  line(pattern: RegExp): Promise<string>
  ended: Promise<{ code: number | null; signal: string | null }>
}

export const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** The environment of a user who has set nothing, but that any free port will do for mail. */
export function plainEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { REDIS_URL: _url, HOST: _host, PORT: _port, ...rest } = process.env
  const ports = { UNDELIVERABLE_SMTP_PORT: '0', UNDELIVERABLE_POP3_PORT: '0' }
  return { ...rest, ...ports, ...more }
}

/** Runs node with these arguments; `.ts` files may be among them. */
export function startProgram(args: string[], env = plainEnvironment(), cwd = checkout): Program {
  return startCommand(process.execPath, ['--import', 'tsx', ...args], env, cwd)
}

export function startCommand(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd = checkout,
): Program {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines: string[] = []
  const heard: ((line: string) => void)[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      for (const listener of heard) listener(line)
    })
  }
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const line = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const present = lines.find((text) => pattern.test(text))
      if (present !== undefined) return resolve(present)
      heard.push((text) => {
        if (pattern.test(text)) resolve(text)
      })
      ended.then(() => reject(new Error(`ended without ${pattern}:\n${lines.join('\n')}`)))
    })
  return { child, pid: child.pid ?? 0, lines, line, ended }
}

export function identityOf(pid: number): ProcessIdentity {
  const found = identify(pid)
  if (found === null) throw new Error(`there is no process ${pid}`)
  return found
}

/** Long enough on a busy machine; a process that is told to die takes milliseconds. */
const GONE_WITHIN_MS = 10_000

export async function expectGone(...processes: ProcessIdentity[]): Promise<void> {
  await expect
    .poll(() => processes.filter(isAlive), { timeout: GONE_WITHIN_MS, interval: 20 })
    .toEqual([])
}
