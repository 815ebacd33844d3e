/**
 * Files that came with a message, decoded. Each has the number at which it stands, from 1.
 */
import { createHash } from 'node:crypto'
import type { Attachment, Email } from 'postal-mime'
import { type Bytes, takenApart } from './apart.ts'
import { type Checksums, countedOf } from './part-decoders.ts'

/** A file as it is named; `type` is one that a header field can hold. */
export interface AttachmentView {
  number: number
  /** '' when it has none. */
  name: string
  type: string
  /** Octets, decoded. */
  size: number
}

/** RFC 2045 §5.1, without parameters; whatever else a message says is not passed on. */
const TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/i
const ANY_TYPE = 'application/octet-stream'

const bytesOf = ({ content }: Attachment): Buffer =>
  typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as ArrayBuffer)

export const typeOf = ({ mimeType }: Attachment): string =>
  TYPE.test(mimeType) ? mimeType : ANY_TYPE

/** Octets, decoded. */
export const sizeOf = (attachment: Attachment): number =>
  countedOf(attachment.content)?.size ?? bytesOf(attachment).length

export function checksumsOf(attachment: Attachment): Checksums {
  const counted = countedOf(attachment.content)
  if (counted) return counted.checksums
  const digest = (name: string) => createHash(name).update(bytesOf(attachment)).digest('hex')
  return { MD5: digest('md5'), SHA1: digest('sha1'), SHA256: digest('sha256') }
}

export const attachmentsOf = ({ attachments }: Email): AttachmentView[] =>
  attachments.map((attachment, i) => ({
    number: i + 1,
    name: attachment.filename ?? '',
    type: typeOf(attachment),
    size: sizeOf(attachment),
  }))

export interface File {
  name: string
  type: string
  bytes: Buffer
}

/** Null when the message has no file of that number, from 1. */
export async function readAttachment(raw: Bytes, number: number): Promise<File | null> {
  const found = (await takenApart(raw, number)).attachments[number - 1]
  if (!found) return null
  // Files of a message within count too, and are not among the parts of this one.
  const counted = countedOf(found.content)
  const whole = counted ? (await takenApart(raw, counted.place)).attachments[number - 1] : found
  return whole ? { name: whole.filename ?? '', type: typeOf(whole), bytes: bytesOf(whole) } : null
}
