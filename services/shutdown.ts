/**
 * Signals, and an end in a bounded time, for the supervisor and for a role alike.
 *
 * The first SIGINT, SIGTERM or SIGHUP asks for an orderly end, a second one ends at once. Under npm
 * a Ctrl-C comes twice, from the terminal and from npm, so the same signal again within a moment is
 * the same request.
 */
import { EXIT, traceOf } from './setup/start-error.mjs'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Far longer than npm needs to pass a signal on, and shorter than a person needs to decide again.
 */
const SAME_REQUEST_MS = 300

export interface Shutdown {
  /** How to end in good order. Given as soon as there is something to end. */
  orderly(): Promise<void>
  /** What must still be done at once when there is no time for that. */
  atOnce(): void
}

/** How soon the end of npm is noticed. */
const LOOK_FOR_NPM_MS = 500

/**
 * Under npm, the end of npm is the end of the service: killed with SIGKILL it could not pass it on,
 * and nobody else knows of this process.
 */
function endWithNpm(end: () => void): void {
  if (process.env.npm_lifecycle_event === undefined || process.send !== undefined) return
  const npm = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(timer)
    end()
  }, LOOK_FOR_NPM_MS)
  timer.unref()
}

export function onSignals(shutdown: Shutdown): void {
  let first: { signal: string; at: number } | null = null
  const onSignal = (signal: string): void => {
    const now = performance.now()
    if (first === null) {
      first = { signal, at: now }
      shutdown.orderly().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(traceOf(error))
          shutdown.atOnce()
          process.exit(EXIT.failed)
        },
      )
    } else if (signal !== first.signal || now - first.at > SAME_REQUEST_MS) {
      shutdown.atOnce()
      process.exit(EXIT.interrupted)
    }
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  endWithNpm(() => onSignal('SIGHUP'))
}
