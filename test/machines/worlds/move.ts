/** A move that holds at any one phase or at none, under every order of answers, and V1 to V3. */
import { type MoveContext, move } from '../../../machines/move.ts'
import { PHASES, PHASES_BACK } from '../../../machines/phases.ts'
import type { Ask } from '../../../machines/protocol.ts'
import { type Catalogue, NO_FIELDS, variantsIn, yesNo } from '../catalogue.ts'
import type { Edge, Place, World } from '../walk.ts'
import { armedAfter, sends } from '../witness.ts'

interface Witness {
  armed: string[]
  /** The request that is open. */
  open: string
  /** What V3 speaks of, and was granted. */
  granted: string[]
  /** It has been committed; it has turned back. */
  turned: '' | 'committed' | 'back'
}

const other = 'no such request'

export const events: Catalogue<'move', MoveContext, Witness> = {
  'move.requested': NO_FIELDS,
  'move.cancelled': NO_FIELDS,
  'reply.due': NO_FIELDS,
  'move.released': { holdAt: { 'to the end': null, 'to removed': 'removed' } },
  'request.granted': {
    request: { 'the open one': (_, { open }) => open, another: other },
    stale: yesNo('stale'),
    more: yesNo('more'),
    equal: yesNo('equal'),
  },
  'request.refused': {
    request: { 'the open one': (_, { open }) => open, another: other },
    stale: yesNo('stale'),
  },
}

const TRIES = 1
const COMMITTED = ['committed', 'published', 'flushed', 'removed', 'completed']
const BACK = [...PHASES_BACK, 'rolledBack', 'refused'] as const
const SETTLES = ['commit.requested', 'publish.requested', 'flush.requested']

const phaseOf = (state: string): string => state.split('.')[0] ?? ''
const openAfter = (open: string, asks: Ask[]): string =>
  asks.reduce(
    (now, ask) => ('send' in ask && ask.send.endsWith('.requested') ? ask.send : now),
    open,
  )

function grantedAfter({ granted, open }: Witness, event: Record<string, unknown>): string[] {
  const answered = event.type === 'request.granted' && event.request === open && !event.stale
  if (!answered || !SETTLES.includes(open)) return granted
  if (open === 'flush.requested' && event.more) return granted
  return [...new Set([...granted, open])].sort()
}

const world = (holdAt: string | null): World<Witness> => ({
  kind: 'move',
  setting: {},
  machine: move,
  input: { holdAt },
  witness: { armed: [], open: '', granted: [], turned: '' },
  variants: ({ context }, witness) => variantsIn(events, context, witness),
  observe: ({ witness, event, asks, state }) => ({
    armed: armedAfter(witness.armed, event, asks),
    open: openAfter(witness.open, asks),
    granted: grantedAfter(witness, event),
    turned:
      witness.turned ||
      (COMMITTED.includes(phaseOf(state)) ? 'committed' : '') ||
      ((BACK as readonly string[]).includes(phaseOf(state)) ? 'back' : ''),
  }),
  within: ({ tries }) => Number(tries) <= TRIES,
})

export const worlds = [null, ...PHASES, ...PHASES_BACK].map(world)

const rests = ({ state, done }: Place<Witness>) =>
  state === 'asked' || state.endsWith('.held') || done

export const places = {
  'V1. Every state but `held` and the final ones has the reply timer armed': (at: Place<Witness>) =>
    rests(at) || at.witness.armed.includes('reply'),
  'V2. `committed` and later never lead back': ({ state, witness }: Place<Witness>) =>
    witness.turned !== 'committed' || COMMITTED.includes(phaseOf(state)),
  'V2. `closing` and later never lead forward': ({ state, witness }: Place<Witness>) =>
    witness.turned !== 'back' || (BACK as readonly string[]).includes(phaseOf(state)),
}

export const edges = {
  'V3. The source is removed only after commit, publication and the last flush': ({
    to,
    asks,
  }: Edge<Witness>) =>
    sends(asks, 'removal.requested') === 0 ||
    SETTLES.every((one) => to.witness.granted.includes(one)),
  'A request is open for one answer at a time': ({ asks }: Edge<Witness>) =>
    asks.filter((ask) => 'send' in ask).length <= 1,
}
