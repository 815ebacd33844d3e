/**
 * A step that was taken, in words: who heard what, what it changed, what the MTA believed, and what
 * befell it.
 */

import { tell, who } from '../../machines/words.ts'
import type { Stepped } from '../../machines/working.ts'
import type { MemoryLoaded } from './memory.ts'
import type { Taking } from './schedule.ts'

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`

/** What befell a step, behind what it did. */
export const HOW_IT_WENT: Partial<Record<Taking, string>> = {
  'take and die': '; the worker dies before it can say so',
  'take and lose': '; its answer is lost',
  'take again': '; it will be taken again',
  stall: '; its job will be taken up again',
  'stall and fail': '; it has stalled too often, its job has failed, and nobody is told',
}

/** Its worker has died over it before anything was done. */
export const isStall = (how: Taking): boolean => how === 'stall' || how === 'stall and fail'

/** What a stalled job has done. */
export const NOTHING: Stepped = {
  actors: new Map(),
  items: [],
  timers: new Map(),
  events: [],
  changes: [],
}

export function sayTaken(
  loaded: MemoryLoaded,
  stepped: Stepped,
  how: Taking,
  stale?: boolean,
): string {
  const { event, lookups } = loaded
  const changes = tell(stepped)
  const actor = stepped.actors.get(event.to) ?? loaded.actors.get(event.to)
  const heard = `${who(event.to, actor, event.alias)} hears ${event.type}`
  const beliefs = Object.values(lookups).map(
    ({ alias, home, source, age }) =>
      `${alias} is ${home ? `at ${home}` : 'unknown'} (${source}, ${seconds(age)} old)`,
  )
  const believed = beliefs.length > 0 ? `; the MTA believes that ${beliefs.join(', ')}` : ''
  if (isStall(how)) return `${heard}: its worker dies before it does anything${HOW_IT_WENT[how]}`
  const told = changes.length > 0 ? `: ${changes.join('; ')}` : ': nothing changes'
  return `${heard}${told}${believed}${stale ? ', however old' : ''}${HOW_IT_WENT[how] ?? ''}`
}
