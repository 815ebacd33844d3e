/**
 * What the journal does not say of a step and the site keeps elsewhere: what a message is, who its
 * recipients are, and how those ended that failed. Read for many steps at a time.
 *
 * A message that retention has cleared away has none of this any more, only its steps.
 */
import type { End } from '../../machines/keep.ts'
import { type Address, kindOf, partsOf } from '../../machines/protocol.ts'
import type { EntryRecord, Header, Stored } from '../../machines/wire.ts'
import type { Client } from '../runtime/commit.ts'
import { messageKey } from '../runtime/keys.ts'
import type { AcceptRecord } from '../runtime/messages.ts'
import type { JournalRecord } from '../runtime/port.ts'
import type { Settings } from '../runtime/settings.ts'

/** Steps, and recipients in them, that are looked up at a time: some megabytes at most. */
const STEPS_MAX = 200
const RECIPIENTS_MAX = 1_000

export interface Records {
  /** Null when the message is not kept any more. */
  header(address: Address): Header | null
  /** Of a message that somebody submitted, as against a report. */
  accepted(id: string): AcceptRecord | null
  entry(address: Address): Stored | null
  end(address: Address): End | null
}

/** Recipients that a step changed. */
export const recipientsIn = ({ s }: JournalRecord): [Address, string][] =>
  s.filter(([address]) => kindOf(address) === 'recipient')

/** Each step with what is kept of its message. */
export async function* withRecords(
  client: Client,
  settings: Settings,
  steps: AsyncIterable<JournalRecord>,
): AsyncGenerator<{ step: JournalRecord; records: Records }> {
  let batch: JournalRecord[] = []
  let recipients = 0
  for await (const step of steps) {
    batch.push(step)
    recipients += recipientsIn(step).length
    if (batch.length < STEPS_MAX && recipients < RECIPIENTS_MAX) continue
    yield* lookedUp(client, settings, batch)
    batch = []
    recipients = 0
  }
  yield* lookedUp(client, settings, batch)
}

async function* lookedUp(client: Client, settings: Settings, batch: JournalRecord[]) {
  const records = await recordsFor(client, settings, batch)
  for (const step of batch) yield { step, records }
}

async function recordsFor(
  client: Client,
  settings: Settings,
  batch: JournalRecord[],
): Promise<Records> {
  const wanted = new Map<string, Set<string>>()
  for (const step of batch) {
    for (const [address] of recipientsIn(step)) {
      const [id, copy, key] = partsOf(address) as [string, string, string]
      const fields = wanted.get(id) ?? new Set(['accept'])
      wanted.set(id, fields.add(`m/${copy}`).add(`r/${copy}/${key}`).add(`e/${copy}/${key}`))
    }
  }
  const known = new Map<string, string>()
  await Promise.all(
    [...wanted].map(async ([id, fields]) => {
      const names = [...fields]
      const texts = await client.hmget(messageKey(settings, id), ...names)
      texts.forEach((text, i) => {
        if (text !== null) known.set(`${id} ${names[i]}`, text)
      })
    }),
  )
  const read = <T>(id: string, field: string): T | null => {
    const text = known.get(`${id} ${field}`)
    return text === undefined ? null : (JSON.parse(text) as T)
  }
  return {
    header: (address) => {
      const [id, copy] = partsOf(address) as [string, string]
      return read<Stored>(id, `m/${copy}`)?.a.header ?? null
    },
    accepted: (id) => read<AcceptRecord>(id, 'accept'),
    entry: (address) => read<Stored>(...fieldOf(address, 'r')),
    end: (address) => read<End>(...fieldOf(address, 'e')),
  }
}

function fieldOf(address: Address, kind: 'r' | 'e'): [string, string] {
  const [id, copy, key] = partsOf(address) as [string, string, string]
  return [id, `${kind}/${copy}/${key}`]
}

/** Everybody whom an accepted message was addressed to. */
export async function addressees(
  client: Client,
  settings: Settings,
  { header, chunks }: AcceptRecord,
): Promise<EntryRecord[]> {
  const fields = Array.from({ length: chunks }, (_, k) => `to/${k}`)
  const texts = await client.hmget(messageKey(settings, header.id), ...fields)
  return texts.flatMap((text) => (text === null ? [] : (JSON.parse(text) as EntryRecord[])))
}
