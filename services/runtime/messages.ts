/**
 * Accepted messages as they lie in Redis: the record of what was accepted, the recipients in
 * chunks, the content once.
 */

import { addresseesOf } from '../../machines/expansion.ts'
import type { FoundItems } from '../../machines/found-items.ts'
import type { Addressees, EntryRecord, Header } from '../../machines/wire.ts'
import type { Client } from './commit.ts'
import { messageKey } from './keys.ts'
import type { Settings } from './settings.ts'

/** What was accepted, without the recipients, which are in chunks beside it. */
export interface AcceptRecord {
  /**
   * Comes first in the stored text, as an actor's version does: a second acceptance of one message
   * is refused by it.
   */
  v: 1
  header: Header
  server: string
  /** Entries are numbered from 1 to this. */
  recipients: number
  chunks: number
  /** Of a request with a key: by it a repeated key with another body is found; else ''. */
  digest: string
  /** Where its Idempotency-Key is remembered, if it had one. */
  key?: string
  /** The addresses as the client gave them are the entries' originals. */
  acceptedAt: number
}

/** What an Idempotency-Key stands for. */
export interface Remembered {
  id: string
  digest: string
  /** The message was settled and is no longer kept. */
  trimmed?: true
}

/** What is kept of one recipient beside the content: its entry, its steps, its item. [measured] */
const RECIPIENT_BYTES = 2_500

/** What a message takes up in Redis, about. */
export const bytesOf = ({ header, recipients }: AcceptRecord): number =>
  header.size + recipients * RECIPIENT_BYTES

/** The real time at which a message's id was made. */
export const timeOf = (id: string): number => Number.parseInt(id.replace('-', '').slice(0, 12), 16)

export const chunkField = (chunk: number): string => `to/${chunk}`

export async function readChunk(
  client: Client,
  settings: Settings,
  id: string,
  chunk: number,
): Promise<FoundItems> {
  const [text, next] = await client.hmget(
    messageKey(settings, id),
    chunkField(chunk),
    chunkField(chunk + 1),
  )
  return { entries: text ? (JSON.parse(text) as EntryRecord[]) : [], last: !next }
}

/** Chunks that are read at a time. */
const CHUNKS = 50

/** All that a message is for; a report is kept in no chunk, and has only its own. */
export async function readAddressees(
  client: Client,
  settings: Settings,
  id: string,
  own: EntryRecord[],
): Promise<Addressees> {
  const kept: EntryRecord[][] = []
  for (let from = 0; kept.length === from; from += CHUNKS) {
    const fields = Array.from({ length: CHUNKS }, (_, k) => chunkField(from + k))
    const texts = await client.hmget(messageKey(settings, id), ...fields)
    texts.forEach((text, k) => {
      if (text) kept[from + k] = JSON.parse(text) as EntryRecord[]
    })
  }
  if (kept[0] === undefined) kept[0] = own
  return addresseesOf(kept)
}
