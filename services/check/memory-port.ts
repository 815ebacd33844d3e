/**
 * The commit port on cells: versions and epoch are checked and everything that a step changed is
 * written, as `redis-port.ts` does, and one contract is tested on both.
 *
 * What is under way (the outbox), what is armed (the timers) and what happened (the journal) can be
 * looked at.
 */

import type { MailEvent } from '../../machines/wire.ts'
import type { Stepped } from '../../machines/working.ts'
import type { JournalRecord, Loaded, LoadOptions, Outcome, Port, Taken } from '../runtime/port.ts'
import { type Settings, siteFacts } from '../runtime/settings.ts'
import { timerKeyOf, timerMember } from '../runtime/timer-names.ts'
import type { Cells } from './cells.ts'
import { commit, load } from './memory.ts'

export interface MemoryStore {
  cells: Cells
  /** The settings' epoch as it is now; a step that read another is refused. */
  epoch: number
  /** Events that left and have not been consumed, by id. */
  outbox: Map<string, MailEvent>
  /** Dates by the timers' names. */
  timers: Map<string, number>
  journal: JournalRecord[]
}

export const emptyStore = (cells: Cells, epoch: number): MemoryStore => ({
  cells,
  epoch,
  outbox: new Map(),
  timers: new Map(),
  journal: [],
})

export const openMemoryPort = (store: MemoryStore): Port => ({
  load: async (settings, event, options) => loadOne(store, settings, event, options),
  loadTogether: async (settings, events, options) => together(store, settings, events, options),
  commit: async (taken) => commitSteps(store, taken),
})

function loadOne(
  { cells, timers }: MemoryStore,
  settings: Settings,
  event: MailEvent,
  options: LoadOptions,
): Loaded {
  const { refreshed, ...given } = load(cells, siteFacts(settings), event, options)
  const armedFor = event.timer
    ? (timers.get(timerMember(event.to, event.timer, timerKeyOf(event))) ?? null)
    : null
  return { ...given, settings, armedFor, refreshed: byAlias(refreshed) }
}

/** Cache entries by alias, and the server whose cache it is: an event has one. */
function byAlias(cells: ReturnType<typeof load>['refreshed']): Loaded['refreshed'] {
  const refreshed: Loaded['refreshed'] = { server: '', entries: Object.create(null) }
  for (const [cell, cached] of cells) {
    const [server, alias] = cell.slice('cache '.length).split('/') as [string, string]
    refreshed.server = server
    refreshed.entries[alias] = cached
  }
  return refreshed
}

/** All are given the actors, look-ups and refreshed beliefs of all. */
function together(
  store: MemoryStore,
  settings: Settings,
  events: MailEvent[],
  options: LoadOptions,
): Loaded[] {
  const each = events.map((event) => loadOne(store, settings, event, options))
  const actors = new Map(each.flatMap((one) => [...one.actors]))
  const lookups: Loaded['lookups'] = Object.assign(
    Object.create(null),
    ...each.map((one) => one.lookups),
  )
  const server = each.find(({ refreshed }) => refreshed.server !== '')?.refreshed.server ?? ''
  const entries: Loaded['refreshed']['entries'] = Object.assign(
    Object.create(null),
    ...each.map(({ refreshed }) => refreshed.entries),
  )
  return each.map((one) => ({ ...one, actors, lookups, refreshed: { server, entries } }))
}

function commitSteps(store: MemoryStore, taken: Taken[]): Outcome {
  const [{ loaded }] = taken as [Taken]
  if (loaded.settings.epoch !== store.epoch) return { done: false, why: 'epoch' }
  for (const address of new Set(taken.flatMap(({ stepped }) => [...stepped.actors.keys()]))) {
    const now = store.cells.get(address) as { v: number } | undefined
    if ((now?.v ?? 0) !== (loaded.actors.get(address)?.v ?? 0)) {
      return { done: false, why: 'conflict' }
    }
  }
  for (const { loaded: one, stepped, record } of taken) {
    const { server, entries } = loaded.refreshed
    const refreshed = new Map(
      Object.entries(entries).map(([alias, cached]) => [`cache ${server}/${alias}`, cached]),
    )
    commit(store.cells, { ...one, refreshed }, stepped)
    for (const sent of stepped.events) store.outbox.set(sent.id, sent)
    if (!one.event.timer) store.outbox.delete(one.event.id)
    writeTimers(store.timers, one.event, stepped)
    if (stepped.changes.length > 0) store.journal.push(record)
  }
  return { done: true, position: `${store.journal.length}` }
}

/** The timer that rang is disarmed, unless the step armed it again. */
export function writeTimers(timers: Map<string, number>, event: MailEvent, stepped: Stepped): void {
  if (event.timer) timers.delete(timerMember(event.to, event.timer, timerKeyOf(event)))
  for (const [name, { due }] of stepped.timers) {
    if (due === null) timers.delete(name)
    else timers.set(name, due)
  }
}
