/**
 * A reason not to start that a person can act on.
 *
 * Its message is the whole of what is printed: no stack, and an exit code that says whose turn it
 * is. Anything else that is thrown is a fault of ours and is printed with its stack.
 */

/** Exit codes: what a supervisor or a script may conclude. */
export const EXIT = /** @type {const} */ ({
  /** Something on this machine is in the way: a taken port, a Redis that does not answer. */
  failed: 1,
  /** The command line or the environment is wrong; starting again cannot help. */
  usage: 2,
  /** The port is taken: a supervisor gives up, unless the service was already up. */
  portTaken: 3,
  /** A second signal came before the first had stopped everything. */
  interrupted: 130,
})

export class StartError extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = EXIT.failed) {
    super(message)
    this.name = 'StartError'
    this.exitCode = exitCode
  }
}

/**
 * Prints the reason and ends the process.
 * @param {unknown} error
 * @returns {never}
 */
export function exitWith(error) {
  if (error instanceof StartError) {
    console.error(error.message)
    process.exit(error.exitCode)
  }
  console.error(traceOf(error))
  process.exit(EXIT.failed)
}

/**
 * Where an error came from. Its other members are left out: those of Redis hold the command that
 * failed, and that may hold somebody's mail.
 * @param {unknown} error
 * @returns {string}
 */
export function traceOf(error) {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${traceOf(error.cause)}`
  return `${error.stack}${cause}`
}
