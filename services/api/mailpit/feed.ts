/**
 * What a client of Mailpit's websocket is told: messages that are new or were deleted, marks that
 * readers made, and a little later how many messages there are.
 *
 * New and deleted ones are found by comparison: the newest messages as they were, and as they are.
 * So whatever brought the change about is seen, a move or another process too, and nothing is told
 * twice. Marks are told one by one, since they may be taken back at once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { summaryOf } from '../../mime/mailpit.ts'
import type { Emulator } from '../../runtime/emulator.ts'
import type { Marked } from '../../runtime/marks.ts'
import {
  MAILPIT_LOOK_MS,
  MAILPIT_SEARCHED_MAX,
  MAILPIT_STATS_MS,
  WAIT_MS_DEFAULT,
} from '../limits.ts'
import { countsOf, type Held, newest, orderOf, page, showIfThere } from './inbox.ts'
import { VERSION, type Where } from './places.ts'

export interface Notice {
  Type: 'new' | 'update' | 'delete' | 'truncate' | 'stats'
  Data: unknown
}

/** The newest messages, by their ids. */
type View = ReadonlyMap<string, Held>

/** From now on, until the signal; throws when the site or the mailbox is not there any more. */
export async function* feed(
  emulator: Emulator,
  where: Where,
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const { site } = where
  let { position } = await emulator.marked(site)
  let view = await look(emulator, where)
  let pulse = ''
  let statsDue: number | null = Date.now()
  while (!signal.aborted) {
    const timeoutMs = statsDue === null ? WAIT_MS_DEFAULT : Math.max(0, statsDue - Date.now())
    const beat = await emulator.pulse(site, pulse, { timeoutMs, signal })
    if (beat !== null) {
      pulse = beat
      const [now, marked] = [await look(emulator, where), await emulator.marked(site, position)]
      for await (const notice of changes(emulator, where, { view, now, marked })) {
        yield notice
        statsDue ??= Date.now() + MAILPIT_STATS_MS
      }
      ;[view, position] = [now, marked.position]
      await sleep(MAILPIT_LOOK_MS)
    }
    if (statsDue === null || Date.now() < statsDue) continue
    statsDue = null
    yield await statsOf(emulator, where)
  }
}

const look = async (emulator: Emulator, where: Where): Promise<View> =>
  new Map((await newest(emulator, where)).map((held) => [held.id, held]))

async function* changes(
  emulator: Emulator,
  where: Where,
  { view, now, marked }: { view: View; now: View; marked: Marked },
): AsyncGenerator<Notice> {
  for (const held of [...now.values()].reverse()) {
    if (view.has(held.id) || !reaches(view, held)) continue
    const shown = await showIfThere(emulator, where, held)
    if (shown) yield { Type: 'new', Data: summaryOf(shown.parsed, shown.mark) }
  }
  for (const { id, change } of marked.changes) {
    if (!now.has(id)) continue
    if (change.read !== undefined) yield { Type: 'update', Data: { ID: id, Read: change.read } }
    if (change.tags) yield { Type: 'update', Data: { ID: id, Tags: change.tags } }
  }
  for (const held of view.values()) {
    if (!now.has(held.id) && reaches(now, held)) yield { Type: 'delete', Data: { ID: held.id } }
  }
  if (view.size > 0 && now.size === 0) yield { Type: 'truncate', Data: null }
}

/** A full view shows the newest only: one that is older than all of them may be there or not. */
function reaches(view: View, held: Held): boolean {
  const oldest = [...view.values()].at(-1)
  if (view.size < MAILPIT_SEARCHED_MAX || oldest === undefined) return true
  return orderOf(held) > orderOf(oldest)
}

async function statsOf(emulator: Emulator, where: Where): Promise<Notice> {
  const { total } = await page(emulator, where, 0, 0)
  const { read } = await countsOf(emulator, where)
  return { Type: 'stats', Data: { Total: total, Unread: total - read, Version: VERSION } }
}
