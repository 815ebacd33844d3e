/**
 * What leaves a step as an event: the name that it gets, and the trace context that goes along.
 */

import type { Caller, Given } from './wire.ts'
import { actorOf, headerOf, type Working } from './working.ts'

/**
 * Event ids: the actor that was stepped, its new version, and a count. Not chained: they stay
 * short.
 */
export function nameEvents({ given, actors, events }: Working): void {
  const { to } = given.event
  const version = actors.get(to)?.v
  if (version === undefined && events.length > 0) throw new Error(`${to} sends without a change`)
  for (const [n, event] of events.entries()) event.id = `${to}.${version}.${n}`
}

/**
 * What leaves a step bears the trace context of the message, the move or the write to a directory
 * that it belongs to; where it belongs to none, that of the event which caused it.
 */
export function nameCaller(working: Working): void {
  const { given, events } = working
  const { to, caller: cause } = given.event
  const known = headerOf(working)?.caller ?? actorOf(working, to)?.a.move?.caller
  const caller = known ?? callerOfWrite(given) ?? cause
  if (caller === undefined) return
  working.caller = caller
  for (const event of events) event.caller = caller
}

/** A timer bears none: that of a write which waited for its replication delay was kept with it. */
const callerOfWrite = ({ event, actors }: Given): Caller | undefined =>
  event.timer === 'replication' ? actors.get(event.to)?.a.callers?.[`${event.version}`] : undefined
