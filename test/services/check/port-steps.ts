/**
 * Events, steps and reads with which the contract of the commit port is told.
 */
import { expect } from 'vitest'
import type { ItemWrite } from '../../../machines/keep.ts'
import { step } from '../../../machines/step.ts'
import type { EntryRecord, Item, MailEvent } from '../../../machines/wire.ts'
import type { Stepped } from '../../../machines/working.ts'
import type { JournalRecord, Loaded, Outcome } from '../../../services/runtime/port.ts'
import type { Subject } from './port-subjects.ts'

export const SOURCE = 'mailbox/nyc/bob'
export const ENTRY = 'recipient/m/nyc/1'
export const START = 1_000_000

let count = 0
export const event = (
  to: string,
  type: MailEvent['type'],
  more: Partial<MailEvent> = {},
): MailEvent => {
  count += 1
  return { id: `event-${count}`, to, type, at: START, ...more }
}

export const record = (address: string, number = 1): EntryRecord => ({
  number,
  branch: 0,
  address,
  original: address,
  history: [],
  wanted: true,
  split: false,
})

export const submission = (id: string, to: string[], more: Partial<MailEvent> = {}): MailEvent =>
  event(`message/${id}/nyc`, 'mail.submitted', {
    header: {
      ...{ id, originator: 'carol', subject: 'Lunch?', size: 0, priority: 'normal' as const },
      ...{ submittedAt: START, expiresAt: START + 1e9, trace: ['nyc'] },
    },
    entries: to.map((address, i) => record(address, i + 1)),
    chunk: 0,
    last: true,
    ...more,
  })

export const item = (key: string, receivedAt = START): Item => ({
  ...{ key, from: 'carol', subject: key, size: 1, sentAt: START, receivedAt },
})

export const offer = (key: string, more: Partial<MailEvent> = {}): MailEvent =>
  event(SOURCE, 'mail.offered', { entry: ENTRY, attempt: 1, item: item(key), ...more })

export const NOTHING: Stepped = {
  ...{ actors: new Map(), items: [], timers: new Map(), events: [], changes: [] },
}

export const journalRecord = ({ event: { id, to, type }, at }: Loaded): JournalRecord => ({
  ...{ i: id, a: at, t: to, y: type, w: to, c: [], s: [] },
})

export interface Done {
  loaded: Loaded
  stepped: Stepped
  outcome: Outcome
}

/** One event, from loading to commit. */
export async function take({ port, settings }: Subject, one: MailEvent, at = START): Promise<Done> {
  const loaded = await port.load(settings, one, { at })
  const stepped = step(loaded)
  const outcome = await port.commit([{ loaded, stepped, record: journalRecord(loaded) }])
  return { loaded, stepped, outcome }
}

/** These writes alone. */
export async function write({ port, settings }: Subject, items: ItemWrite[]): Promise<void> {
  const loaded = await port.load(settings, event('move/none', 'move.cancelled'), { at: START })
  const taken = { loaded, stepped: { ...NOTHING, items }, record: journalRecord(loaded) }
  expect((await port.commit([taken])).done).toBe(true)
}

export const found = async ({ port, settings }: Subject, one: MailEvent) =>
  (await port.load(settings, one, { at: START })).found

export const lookups = async (
  { port, settings }: Subject,
  to: string[],
  at: number,
  stale = false,
) => (await port.load(settings, submission('look', to), { at, stale })).lookups
