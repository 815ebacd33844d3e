/**
 * What leaves a step as an event: the name that it gets, and the trace context that goes along.
 */
import { actorOf, headerOf, type Working } from './step.ts'
import type { Caller } from './wire.ts'

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
  const { to } = given.event
  const known = headerOf(working)?.caller ?? actorOf(working, to)?.a.move?.caller
  const own = known ?? callerOfWrite(working)
  const caller = own ?? given.event.caller
  if (caller === undefined) return
  working.caller = caller
  for (const event of events) event.caller = caller
}

/** Of a write that waits for its replication delay it is kept, since a timer bears none. */
function callerOfWrite({ given, actors }: Working): Caller | undefined {
  const { to, type, record, version, caller } = given.event
  const about = actors.get(to)?.a
  const { pending, callers = {} } = about ?? {}
  if (!about || !pending) return undefined
  const written = record && caller ? { ...callers, [record.version]: caller } : callers
  const waiting = Object.entries(written).filter(([one]) => Object.hasOwn(pending, one))
  if (waiting.length > 0) about.callers = Object.fromEntries(waiting)
  else delete about.callers
  return type === 'replication.due' ? callers[`${version}`] : undefined
}
