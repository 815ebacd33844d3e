/**
 * Keeps one child process running: starts it, starts it again when it dies, and stops it in a
 * bounded time.
 *
 * Rules: a death is always said. The first start again is nearly at once, and each one that follows
 * soon waits longer. Given up is only a child that was never up: when it says itself that trying
 * again cannot help (its exit code), or after several attempts.
 */
import type { ChildProcess } from 'node:child_process'
import { EXIT, StartError } from './setup/start-error.mjs'

export interface Launch<Ready> {
  child: ChildProcess
  /** Resolves when it is up. If it ends before, it need not settle. */
  ready: Promise<Ready>
}

export interface KeepOptions<Ready> {
  name: string
  launch(): Launch<Ready>
  log(line: string): void
  /** From the request to stop until it is killed. */
  graceMs: number
  /** Each time that it is up again, the first time included. */
  onReady?(ready: Ready, pid: number): void
}

export interface Kept<Ready> {
  /** Of the first start; rejects when it was given up. */
  ready: Promise<Ready>
  pid(): number | null
  stop(): Promise<void>
  /** At once, and not started again. */
  kill(): void
}

const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 5_000
/**
 * Up for so long, a child starts again at once; one that dies sooner each time waits longer each
 * time.
 */
const STEADY_AFTER_MS = 5_000
/** A child that never comes up at this many attempts has a reason that the next will not cure. */
const MOST_FAILED_STARTS = 4

interface Ending {
  code: number | null
  words: string
}

interface State<Ready> {
  child: ChildProcess | null
  /** Of the present child, or of the last one. */
  ended: Promise<void>
  stopping: boolean
  everReady: boolean
  failedStarts: number
  again?: NodeJS.Timeout
  steady?: NodeJS.Timeout
  resolve(ready: Ready): void
  reject(reason: Error): void
}

export function keepRunning<Ready>(options: KeepOptions<Ready>): Kept<Ready> {
  let settle: Pick<State<Ready>, 'resolve' | 'reject'> | undefined
  const ready = new Promise<Ready>((resolve, reject) => {
    settle = { resolve, reject }
  })
  if (settle === undefined) throw new Error('a promise runs its executor at once')
  const state: State<Ready> = {
    child: null,
    ended: Promise.resolve(),
    stopping: false,
    everReady: false,
    failedStarts: 0,
    ...settle,
  }
  start(options, state)
  return {
    ready,
    pid: () => state.child?.pid ?? null,
    stop: () => stop(options, state),
    kill() {
      state.stopping = true
      clearTimeout(state.again)
      state.child?.kill('SIGKILL')
    },
  }
}

function start<Ready>(options: KeepOptions<Ready>, state: State<Ready>): void {
  const { child, ready } = options.launch()
  state.child = child
  state.ended = endingOf(child).then((ending) => {
    state.child = null
    clearTimeout(state.steady)
    if (!state.stopping) afterDeath(options, state, ending)
  })
  ready.then((value) => {
    if (state.child !== child) return
    state.everReady = true
    state.steady = setTimeout(() => {
      state.failedStarts = 0
    }, STEADY_AFTER_MS).unref()
    options.onReady?.(value, child.pid ?? 0)
    state.resolve(value)
  }, state.reject)
}

function afterDeath<Ready>(options: KeepOptions<Ready>, state: State<Ready>, ending: Ending): void {
  const { name, log } = options
  state.failedStarts++
  if (!state.everReady && isHopeless(ending, state.failedStarts)) {
    const exitCode = ending.code === EXIT.usage ? EXIT.usage : EXIT.failed
    state.reject(new StartError(`The ${name} does not start (${ending.words}).`, exitCode))
    return
  }
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (state.failedStarts - 1), LONGEST_DELAY_MS)
  log(`The ${name} died (${ending.words}); it is started again in ${delayMs} ms.`)
  state.again = setTimeout(() => start(options, state), delayMs)
}

async function stop<Ready>(options: KeepOptions<Ready>, state: State<Ready>): Promise<void> {
  state.stopping = true
  clearTimeout(state.again)
  state.child?.kill('SIGTERM')
  const force = setTimeout(() => {
    options.log(`The ${options.name} did not stop in ${options.graceMs} ms; it is killed.`)
    state.child?.kill('SIGKILL')
  }, options.graceMs)
  await state.ended
  clearTimeout(force)
}

function isHopeless(ending: Ending, failedStarts: number): boolean {
  const saysSo = ending.code === EXIT.usage || ending.code === EXIT.portTaken
  return saysSo || failedStarts >= MOST_FAILED_STARTS
}

/** How a process ended; one that could not even be started ended too. */
function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, words: error.message }))
    child.once('exit', (code, signal) => {
      resolve({ code, words: signal === null ? `exit code ${code}` : `signal ${signal}` })
    })
  })
}
