/**
 * Files that came with a message, decoded. Each has the number at which it stands, from 1.
 */
import type { Attachment, Email } from 'postal-mime'

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

export const bytesOf = ({ content }: Attachment): Buffer =>
  typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as ArrayBuffer)

export const typeOf = ({ mimeType }: Attachment): string =>
  TYPE.test(mimeType) ? mimeType : ANY_TYPE

export const attachmentsOf = ({ attachments }: Email): AttachmentView[] =>
  attachments.map((attachment, i) => ({
    number: i + 1,
    name: attachment.filename ?? '',
    type: typeOf(attachment),
    size: bytesOf(attachment).length,
  }))

export interface File {
  name: string
  type: string
  bytes: Buffer
}

export function attachmentIn({ attachments }: Email, number: number): File | null {
  const found = attachments[number - 1]
  return found ? { name: found.filename ?? '', type: typeOf(found), bytes: bytesOf(found) } : null
}
