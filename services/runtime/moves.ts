/**
 * Moves as a person sees them: started, looked at, released, cancelled. One mailbox has one move at
 * a time.
 */
import { uuidv7 } from 'uuidv7'
import { PHASES, PHASES_BACK } from '../../machines/phases.ts'
import { OUTSIDE, type Stored } from '../../machines/wire.ts'
import { phaseName, stateName } from '../../machines/words.ts'
import { problem } from '../errors.ts'
import { claim, moveActor, unclaim } from './claims.ts'
import { entryOf } from './directory-read.ts'
import { type Door, eventFor, inject } from './inject.ts'
import { part } from './keys.ts'
import { iso, type Live, OWN_EVENT_MS, runnableSite, serverIn, siteOf } from './live-parts.ts'
import type { Settings } from './settings.ts'
import type { MoveSpec, MoveView } from './views-of-driving.ts'

/**
 * Starts a move; says why not when that would be a problem of the caller's. Under an id that it was
 * begun with before it is the same move.
 */
export async function startMove(
  door: Door,
  settings: Settings,
  spec: MoveSpec,
  id: string = uuidv7(),
): Promise<{ id: string } | { refused: string }> {
  try {
    return { id: await beginMove(door, settings, spec, id) }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { refused: error.message }
    throw error
  }
}

async function beginMove(
  door: Door,
  settings: Settings,
  spec: MoveSpec,
  id: string = uuidv7(),
): Promise<string> {
  const { mailbox: alias, to } = spec
  if (alias === OUTSIDE) {
    throw problem('reserved-mailbox', `"${OUTSIDE}" stands for what lies beyond the site.`)
  }
  serverIn(settings, to)
  checkPhase(spec.holdAt)
  const entry = await entryOf(door.client, settings, alias)
  if (!entry || entry.deleted || entry.list) throw unknownMailbox(settings, alias)
  await claim(door, settings, entry.mailbox, id)
  const current = await entryOf(door.client, settings, alias)
  const isThere = current && !current.deleted && !current.list
  if (!isThere || current.home === to) {
    await unclaim(door, settings, entry.mailbox, id)
    if (!isThere) throw unknownMailbox(settings, alias)
    throw problem('same-server', `The mailbox ${alias} is on ${to} already.`)
  }
  const record = { ...current, home: to, version: current.version + 1 }
  const caller = spec.caller ? { caller: spec.caller } : {}
  const { mailbox, home: source } = current
  const move = { id, alias, mailbox, source, target: to, record, ...caller }
  const asked = { move, holdAt: spec.holdAt ?? null, ...caller }
  await inject(door, settings, eventFor(settings, `move/${id}`, 'move.requested', asked))
  return id
}

const unknownMailbox = (settings: Settings, alias: string) =>
  problem('unknown-mailbox', `The site ${settings.site} has no mailbox "${alias}".`)

const HOLDABLE: readonly string[] = [...PHASES, ...PHASES_BACK]

function checkPhase(phase: string | undefined): void {
  if (phase === undefined || HOLDABLE.includes(phase)) return
  throw problem('unknown-phase', `A move cannot hold at "${phase}": ${HOLDABLE.join(', ')}.`)
}

export async function start(live: Live, site: string, spec: MoveSpec): Promise<MoveView> {
  const settings = await runnableSite(live, site)
  const id = await beginMove(live, settings, spec)
  const begun = async () => {
    const actor = await moveActor(live.client, settings, id)
    return actor ? viewOf(id, actor) : null
  }
  const view = await live.watch.until(site, begun, { timeoutMs: OWN_EVENT_MS })
  return view ?? notBegun(id, spec)
}

/** The moves' queue is paused, or nobody works on it: the move waits there. */
const notBegun = (id: string, spec: MoveSpec): MoveView => ({
  id,
  mailbox: spec.mailbox,
  from: '',
  to: spec.to,
  phase: 'asked',
  held: false,
  holdAt: spec.holdAt ?? null,
  startedAt: iso(Date.now()),
  items: 0,
  state: 'running',
})

export function viewOf(id: string, actor: Stored): MoveView {
  const phase = phaseName(actor.s)
  const ended = { completed: 'completed', rolledBack: 'rolledBack', refused: 'refused' } as const
  return {
    id,
    mailbox: actor.a.move?.alias ?? '',
    from: actor.a.move?.source ?? '',
    to: actor.a.move?.target ?? '',
    phase,
    held: stateName(actor.s).endsWith('(held)'),
    holdAt: actor.c.holdAt as string | null,
    startedAt: iso(actor.a.startedAt ?? 0),
    items: actor.a.moved ?? 0,
    state: ended[phase as keyof typeof ended] ?? 'running',
  }
}

export async function list(live: Live, site: string): Promise<MoveView[]> {
  const settings = await siteOf(live, site)
  const all = await live.client.hgetall(part(settings, 0, 'moves'))
  return Object.entries(all)
    .map(([id, text]) => viewOf(id, JSON.parse(text) as Stored))
    .sort((a, b) => a.id.localeCompare(b.id))
}

export async function get(live: Live, site: string, id: string): Promise<MoveView> {
  const settings = await siteOf(live, site)
  const actor = await moveActor(live.client, settings, id)
  if (!actor) throw problem('unknown-move', `The site ${site} has no move "${id}".`)
  return viewOf(id, actor)
}

export async function release(
  live: Live,
  site: string,
  id: string,
  holdAt?: string,
): Promise<MoveView> {
  checkPhase(holdAt)
  const before = await get(live, site, id)
  if (before.state !== 'running')
    throw problem('move-finished', `The move ${id} is ${before.state}.`)
  const plansToHold = before.holdAt !== null
  if (!before.held && !plansToHold && holdAt === undefined) {
    throw problem('not-held', `The move ${id} does not hold: it is ${before.phase}.`)
  }
  const went = (now: MoveView) => !now.held || now.phase !== before.phase
  return tell(live, site, id, 'move.released', { holdAt: holdAt ?? null }, went)
}

export async function cancel(live: Live, site: string, id: string): Promise<MoveView> {
  const before = await get(live, site, id)
  if (before.state !== 'running')
    throw problem('move-finished', `The move ${id} is ${before.state}.`)
  if ((PHASES_BACK as readonly string[]).includes(before.phase)) return before
  const past = PHASES.indexOf('committed')
  const phase = (PHASES as readonly string[]).indexOf(before.phase)
  if (phase >= past || (before.phase === 'verified' && !before.held)) {
    throw tooLate(before)
  }
  const view = await tell(live, site, id, 'move.cancelled', {}, () => true)
  const actor = await moveActor(live.client, await siteOf(live, site), id)
  if (actor?.c.cancelled !== true) throw tooLate(view)
  return view
}

const tooLate = ({ id, phase }: MoveView) => {
  const why = 'The directory names the target, or is about to: a move goes on from there.'
  return problem('move-committed', `The move ${id} is ${phase}. ${why}`)
}

/** Injects an event for the move and answers with the move once it was consumed. */
async function tell(
  live: Live,
  site: string,
  id: string,
  type: 'move.released' | 'move.cancelled',
  payload: { holdAt?: string | null },
  enough: (view: MoveView) => boolean,
): Promise<MoveView> {
  const settings = await siteOf(live, site)
  const event = eventFor(settings, `move/${id}`, type, payload)
  await inject(live, settings, event)
  const outbox = part(settings, 0, 'outbox')
  const look = async () => {
    if ((await live.client.hexists(outbox, event.id)) === 1) return null
    const view = await get(live, site, id)
    return enough(view) ? view : null
  }
  const view = await live.watch.until(site, look, { timeoutMs: OWN_EVENT_MS })
  return view ?? get(live, site, id)
}
