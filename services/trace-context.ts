/**
 * The trace context of whoever asked (W3C Trace Context): `traceparent` and `tracestate`, as header
 * fields of a request or of a message.
 *
 * It is carried, never changed: this service makes no spans of its own. What is not valid is
 * ignored, as the recommendation asks (§3.2.2.5, §3.3.1.1), so a broken tracer costs nobody a
 * message.
 */
import type { Caller } from '../machines/wire.ts'

/** Version, trace id, parent id, flags; what a later version adds behind them is not read. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const TRACESTATE = /^[\x20-\x7e\t]+$/
/** The least that has to be carried (§3.3.1.5); with more of it every event would. */
const TRACESTATE_CHARACTERS_MAX = 512

type Field = string | string[] | undefined

/** Of a request, as a member of what it asks for. */
export function callerOf(request: { headers: object }): { caller?: Caller } {
  const { traceparent, tracestate } = request.headers as Record<string, Field>
  const caller = callerIn(traceparent, tracestate)
  return caller ? { caller } : {}
}

/** The context, or undefined where there is none that is valid. */
export function callerIn(traceparent: Field, tracestate: Field): Caller | undefined {
  if (typeof traceparent !== 'string') return undefined
  const [, version = '', trace = '', parent = '', flags = '', more] =
    TRACEPARENT.exec(traceparent.trim()) ?? []
  const isKnown = version !== '' && version !== 'ff' && !(version === '00' && more !== undefined)
  if (!isKnown || /^0+$/.test(trace) || /^0+$/.test(parent)) return undefined
  const caller: Caller = { traceparent: `00-${trace}-${parent}-${flags}` }
  // Several fields are one list.
  const state = [tracestate ?? []].flat().join(',').trim()
  const fits = state.length <= TRACESTATE_CHARACTERS_MAX && TRACESTATE.test(state)
  return fits ? { ...caller, tracestate: state } : caller
}
