/**
 * Deaths that a fault rule orders: the worker's process ends at one point in the course of an
 * event, as by SIGKILL, and its job is still this worker's.
 *
 * Before it dies the rule is spent on the event, so that it is let pass when it comes again. On a
 * paused site an event whose step is committed has been stepped: it is held when it comes again.
 */

import type { MailEvent } from '../../machines/wire.ts'
import { spend } from './faults.ts'
import type { Gate, Passed } from './gates.ts'
import { hasStepped } from './parked.ts'
import type { Settings } from './settings.ts'
import type { DeathPoint } from './views-of-driving.ts'

export interface Crash {
  /** Where the rule wants it; null when no rule does. */
  point: DeathPoint | null
  /** Ends the process if this is the point. */
  at(point: DeathPoint): Promise<void>
}

export interface Mortal {
  gate: Gate
  /** Ends this process at once, as SIGKILL does; none where it is not the workers' own. */
  die?: () => void
}

export function crashOf(
  { gate, die }: Mortal,
  settings: Settings,
  event: MailEvent,
  again: Passed['again'],
): Crash {
  const point = again?.dies ?? null
  if (point && !die) throw new Error('a rule kills a shared process')
  return {
    point,
    async at(here) {
      if (!again || here !== point) return
      await spend(gate.client, settings, again.rule, event)
      if (point !== 'before commit') await hasStepped(gate.client, settings, event.id)
      die?.()
    },
  }
}
