/**
 * Accepted messages as they lie in Redis: the record of what was accepted, the recipients in
 * chunks, the content once.
 */
import type { EntryRecord, FoundItems, Header } from '../../machines/wire.ts'
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
  /** A digest of the request, by which a repeated key with another body is found. */
  digest: string
  /** The addresses as the client gave them are the entries' originals. */
  acceptedAt: number
}

export async function readChunk(
  client: Client,
  settings: Settings,
  id: string,
  chunk: number,
): Promise<FoundItems> {
  const [text, next] = await client.hmget(
    messageKey(settings, id),
    `to/${chunk}`,
    `to/${chunk + 1}`,
  )
  return { entries: text ? (JSON.parse(text) as EntryRecord[]) : [], last: !next }
}
