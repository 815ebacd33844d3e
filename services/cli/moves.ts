/** `undeliverable move`, `hold` and `release`: mailboxes on their way to another server. */
import { ENDS, PHASES } from '../../machines/phases.ts'
import type { Move } from '../client/client.ts'
import { UsageError } from '../command-line.ts'
import { bar, withProgress } from '../progress.ts'
import { type Command, EXIT, type Place, read, words } from './command.ts'

/** Where a move is held unless it is said: mail that comes then is deferred. */
const HOLD_AT = 'locked'
/** A move takes less than a second; whoever waits longer wants to know why. */
const PATIENCE_MS = 60_000

/** How far a move is, of all that it goes through. */
export function progressOf({ phase, state }: Pick<Move, 'phase' | 'state'>): string {
  const steps: readonly string[] = [...PHASES, 'completed']
  const done = state === 'running' ? Math.max(0, steps.indexOf(phase)) : steps.length - 1
  const back = state === 'running' && !steps.includes(phase)
  return back
    ? bar(0, 1)
    : bar(state === 'completed' || state === 'running' ? done : 0, steps.length - 1)
}

export function moveLine(move: Move): string {
  const { mailbox, from, to, phase, held, state } = move
  const now = state === 'running' ? phase : state
  return `${mailbox}  ${from} → ${to}  ${progressOf(move)}  ${now}${held ? ', held' : ''}`
}

async function start(place: Place, mailbox: string, to: string, holdAt?: string): Promise<Move> {
  return place.site.moves.start({ mailbox, to, ...(holdAt === undefined ? {} : { holdAt }) })
}

/** Until it is held or has ended. */
async function settled({ site }: Place, id: string, until: 'held' | 'ended'): Promise<Move> {
  let last: Move | null = null
  const work = async (): Promise<Move> => {
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      last = await site.moves.get(id)
      if (last.state !== 'running' || (until === 'held' && last.held)) return last
      if (performance.now() > end) return last
      await new Promise((resolve) => setTimeout(resolve, ASK_MS))
    }
  }
  return withProgress(() => (last === null ? 'moving' : moveLine(last)), work)
}

const ASK_MS = 20

const MOVE = 'move MAILBOX SERVER'

async function runMove(args: string[]): Promise<number> {
  const { values, positionals, place } = read(args, { wait: { type: 'boolean' } })
  const [mailbox = '', server = ''] = words(positionals, 2, 2, MOVE)
  const begun = await start(place, mailbox, server)
  const move = values.wait === true ? await settled(place, begun.id, 'ended') : begun
  place.print(move, [moveLine(move)])
  return values.wait === true && move.state !== 'completed' ? EXIT.refused : EXIT.done
}

export const move: Command = {
  name: 'move',
  synopsis: MOVE,
  about: 'move a mailbox to another server',
  options: ['--wait            until it has ended; exits 1 if it was not completed'],
  run: runMove,
}

const HOLD = 'hold MAILBOX SERVER'

async function runHold(args: string[]): Promise<number> {
  const { values, positionals, place } = read(args, { at: { type: 'string' } })
  const [mailbox = '', server = ''] = words(positionals, 2, 2, HOLD)
  const begun = await start(place, mailbox, server, (values.at as string | undefined) ?? HOLD_AT)
  const held = await settled(place, begun.id, 'held')
  place.print(held, [moveLine(held)])
  return held.held ? EXIT.done : EXIT.refused
}

export const hold: Command = {
  name: 'hold',
  synopsis: HOLD,
  about: 'begin to move a mailbox, and hold the move once it is there',
  options: [`--at PHASE        default: ${HOLD_AT}; ${PHASES.join(', ')}`],
  run: runHold,
}

const RELEASE = 'release MAILBOX'

async function runRelease(args: string[]): Promise<number> {
  const { values, positionals, place } = read(args, { at: { type: 'string' } })
  const [mailbox = ''] = words(positionals, 1, 1, RELEASE)
  const all = await place.site.moves.list()
  const found = all.find((one) => one.mailbox === mailbox && one.held)
  if (found === undefined) throw new UsageError(`no move of ${mailbox} is held`)
  const at = values.at as string | undefined
  await place.site.moves.release(found.id, at)
  const move = await settled(place, found.id, at === undefined ? 'ended' : 'held')
  place.print(move, [moveLine(move)])
  return EXIT.done
}

export const release: Command = {
  name: 'release',
  synopsis: RELEASE,
  about: 'let the held move of a mailbox go on',
  options: [`--at PHASE        only to this one of ${[...PHASES, ...ENDS].join(', ')}`],
  run: runRelease,
}
