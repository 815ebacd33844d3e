/** All safeguards that the search can miss, in one place. */
import { COPY, ENTRY } from './entry.ts'
import { LISTS } from './lists.ts'
import { BELIEFS, MOVES } from './moves.ts'
import { COMMIT, TIMERS } from './port.ts'
import type { Safeguard } from './safeguard.ts'
import { KEYS, MOVED } from './store.ts'

export const SAFEGUARDS: readonly Safeguard[] = [
  ...COMMIT,
  ...TIMERS,
  ...COPY,
  ...LISTS,
  ...ENTRY,
  ...KEYS,
  ...MOVED,
  ...MOVES,
  ...BELIEFS,
]
