/**
 * A step that was taken, in words: who heard what, what it changed, what the MTA believed, and what
 * befell it.
 */
import type { Stepped } from '../../machines/step.ts'
import { tell, who } from '../../machines/words.ts'
import type { MemoryLoaded } from './memory.ts'
import type { Taking } from './schedule.ts'

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`

/** What befell a step, behind what it did. */
export const HOW_IT_WENT: Partial<Record<Taking, string>> = {
  'take and die': '; the worker dies before it can say so',
  'take and lose': '; its answer is lost',
  'take again': '; it will be taken again',
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
  const told = changes.length > 0 ? `: ${changes.join('; ')}` : ': nothing changes'
  return `${heard}${told}${believed}${stale ? ', however old' : ''}${HOW_IT_WENT[how] ?? ''}`
}
