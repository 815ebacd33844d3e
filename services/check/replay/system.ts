/**
 * A service of one's own for a replay: the supervisor as `npm start` runs it, with an API process,
 * a worker process and a Redis that forgets. A worker that is killed there is started again.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { MAIN, NODE_FLAGS } from '../../main-program.ts'
import { StartError } from '../../setup/start-error.mjs'

export interface Service {
  url: string
  /** The worker process that runs now. */
  worker(): number
  /** The number of the worker process that followed this one. */
  after(worker: number): Promise<number>
  close(): Promise<void>
}

const ARGS = [
  ...['--host', '127.0.0.1', '--port', '0', '--durability', 'memory', '--no-demo'],
  ...['--smtp-port', 'off', '--pop3-port', 'off', '--role', 'all', '--worker-processes', '1'],
]

const UP = /^ {2}processes .*worker (\d+)/
const UP_AGAIN = /^The worker process is up again \(process (\d+)\)\.$/

/** `flags` are told to it beside those that every replay's service has. */
export async function openService(flags: readonly string[] = []): Promise<Service> {
  const { REDIS_URL: _, ...environment } = process.env
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...ARGS, ...flags], {
    // Under npm the service ends with npm; so it does with this process, even when it is killed.
    env: { ...environment, npm_lifecycle_event: 'replay' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines = listen(child)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  try {
    const url = (await lines.find(/^ {2}HTTP +(\S+)/))[1] as string
    let worker = Number((await lines.find(UP))[1])
    lines.each(UP_AGAIN, ([, pid]) => {
      worker = Number(pid)
    })
    return {
      url,
      worker: () => worker,
      async after(before) {
        while (worker === before) await lines.next(UP_AGAIN)
        return worker
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function listen(child: ChildProcess) {
  const said: string[] = []
  const heard = new Set<(line: string) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line)
      for (const listener of heard) listener(line)
    })
  }
  const next = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const listener = (line: string) => {
        const match = pattern.exec(line)
        if (!match) return
        heard.delete(listener)
        resolve(match)
      }
      heard.add(listener)
      child.once('close', () => {
        reject(new StartError(`The service for the replay ended:\n${said.join('\n')}`))
      })
    })
  return {
    next,
    /** The first line of this kind, also one that has come already. */
    async find(pattern: RegExp): Promise<RegExpExecArray> {
      const known = said.map((line) => pattern.exec(line)).find((match) => match !== null)
      return known ?? next(pattern)
    },
    each(pattern: RegExp, tell: (match: RegExpExecArray) => void): void {
      heard.add((line) => {
        const match = pattern.exec(line)
        if (match) tell(match)
      })
    },
  }
}
