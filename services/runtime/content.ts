/**
 * A message's content, kept once however many copies, recipients and mailboxes it has: either the
 * bytes as they came, or the parts that they are composed from when somebody reads.
 *
 * It lies in a hash of its own beside the message: `parts`, or `size`, `client` and pieces named
 * 0, 1, 2 … of at most `PIECE_BYTES`; a long part has pieces, too, as `text/0`, `text/1`. What does
 * not fit into one piece is written as it comes, to a place from which the acceptance takes it;
 * that place has a time to live, so whoever dies in between leaves nothing behind. A message of one
 * piece is written with its acceptance. So a large message is never in this process as a whole.
 */
import { problem } from '../errors.ts'
import type { Bytes } from '../mime/apart.ts'
import type { Parts } from '../mime/compose.ts'
import type { Client } from './commit.ts'

/** Large enough that a message is few of them, small enough that Redis never waits for one. */
export const PIECE_BYTES = 256 * 1024

/** Who brought a message by SMTP: for its trace. */
export interface BroughtBy {
  helo: string
  address: string
  /** As in a `Received` field (RFC 3848). */
  protocol: string
}

export type TextName = 'text' | 'html'

/** What of a message's parts lies in pieces: octets by name. */
export type Long = Partial<Record<TextName, number>>

/** Bytes as they are kept. */
export interface Kept {
  size: number
  /** The first piece: it has the whole header section. */
  first: Buffer
  pieces(): AsyncIterable<Buffer>
  broughtBy: BroughtBy | null
}

/** `long` has those of the parts that are empty there, since they lie in pieces. */
export type Content = { parts: Parts; long: Partial<Record<TextName, Bytes>> } | { kept: Kept }

/** Null when it is not, or no longer, kept. */
export async function readContent(client: Client, key: string): Promise<Content | null> {
  const fields = ['parts', 'long', 'size', 'client', '0'] as const
  const [parts, long, size, by, first] = await client.hmgetBuffer(key, ...fields)
  if (parts) {
    const lengths = JSON.parse(long?.toString() ?? '{}') as Long
    const texts = Object.entries(lengths).map(([name, bytes]) => {
      return [name, { size: bytes, pieces: () => piecesOf(client, key, bytes, `${name}/`) }]
    })
    return { parts: JSON.parse(parts.toString()) as Parts, long: Object.fromEntries(texts) }
  }
  if (!size) return null
  const bytes = Number(size)
  const head = first ?? Buffer.alloc(0)
  return {
    kept: {
      size: bytes,
      first: head,
      broughtBy: by ? (JSON.parse(by.toString()) as BroughtBy) : null,
      pieces: () => piecesOf(client, key, bytes, '', head),
    },
  }
}

async function* piecesOf(
  client: Client,
  key: string,
  size: number,
  series: string,
  first?: Buffer,
): AsyncIterable<Buffer> {
  let read = 0
  for (let index = 0; read < size || index === 0; index++) {
    const known = index === 0 ? first : undefined
    const piece = known ?? (await client.hgetBuffer(key, `${series}${index}`))
    if (!piece) throw problem('unknown-item', 'Its content was cleared away while it was read.')
    read += piece.length
    yield piece
  }
}
