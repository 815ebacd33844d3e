/**
 * From parts to RFC 5322 text, and from text to decoded parts. Done only when somebody reads.
 */
import { randomUUID } from 'node:crypto'
import MailComposer from 'nodemailer/lib/mail-composer'
import { type Bytes, takenApart } from './apart.ts'
import { type AttachmentView, attachmentsOf } from './attachments.ts'

export interface Parts {
  from: string
  to: string[]
  subject: string
  text: string
  html?: string
}

export interface Facts {
  id: string
  at: number
  domain: string
}

/** An alias of the site, or an address beyond it, as a whole address. */
export const fullAddress = (address: string, domain: string): string =>
  address.includes('@') ? address : `${address}@${domain}`

export const compose = (parts: Parts, facts: Facts): Promise<Buffer> =>
  composer(parts, facts, {}).compile().build()

const composer = (parts: Parts, { id, at, domain }: Facts, more: object): MailComposer => {
  const { from, to, subject, text, html } = parts
  const full = (address: string) => fullAddress(address, domain)
  return new MailComposer({
    from: from === '' ? undefined : full(from),
    to: to.map(full),
    subject,
    text,
    ...(html === undefined ? {} : { html }),
    messageId: `<${id}@${domain}>`,
    date: new Date(at),
    // It may be read twice and must then be the same text twice.
    baseBoundary: id,
    ...more,
  })
}

/** Stand where a long text is to be; nobody guesses them. */
const MARKS = { text: `text ${randomUUID()}`, html: `html ${randomUUID()}` }
type Mark = keyof typeof MARKS

/** Of the message, its header section is in `first`. */
export interface Composed extends Bytes {
  first: Buffer
}

/**
 * A message of which some texts are long: it is composed around them, and they are encoded as they
 * are read.
 */
export async function composeLong(
  parts: Parts,
  long: Partial<Record<Mark, Bytes>>,
  facts: Facts,
): Promise<Composed> {
  const names = (Object.keys(MARKS) as Mark[]).filter((name) => long[name])
  const marked = Object.fromEntries(names.map((name) => [name, MARKS[name]]))
  const built = await composer({ ...parts, ...marked }, facts, { encoding: 'base64' })
    .compile()
    .build()
  const around: Buffer[] = []
  let rest = built
  for (const name of names) {
    const mark = Buffer.from(Buffer.from(MARKS[name]).toString('base64'))
    const at = rest.indexOf(mark)
    around.push(rest.subarray(0, at))
    rest = rest.subarray(at + mark.length)
  }
  const texts = names.map((name) => long[name] as Bytes)
  const encoded = texts.reduce((sum, { size }) => sum + base64Length(size), 0)
  return {
    first: around[0] ?? rest,
    size: [...around, rest].reduce((sum, { length }) => sum + length, encoded),
    async *pieces() {
      for (const [i, text] of texts.entries()) {
        yield around[i] as Buffer
        yield* base64Lines(text.pieces())
      }
      yield rest
    },
  }
}

/** RFC 2045 §6.8: a line has at most 76 characters, which are 57 octets. */
const LINE_OCTETS = 57
const LINE = /.{76}(?!$)/g

/** Without a line end behind the last one. */
async function* base64Lines(pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let held: Buffer = Buffer.alloc(0)
  let begun = false
  for await (const piece of pieces) {
    const bytes = Buffer.concat([held, piece])
    // Its last line is written when it is known whether another one follows.
    const lines = Math.max(0, Math.ceil(bytes.length / LINE_OCTETS) - 1) * LINE_OCTETS
    held = bytes.subarray(lines)
    if (lines === 0) continue
    yield encoded(bytes.subarray(0, lines), begun)
    begun = true
  }
  yield encoded(held, begun)
}

const encoded = (bytes: Buffer, begun: boolean): Buffer =>
  Buffer.from(`${begun ? '\r\n' : ''}${bytes.toString('base64').replace(LINE, '$&\r\n')}`)

const base64Length = (octets: number): number =>
  4 * Math.ceil(octets / 3) + 2 * (Math.ceil(octets / LINE_OCTETS) - 1)

export interface Read {
  to: string[]
  text: string
  html: string
  headers: Record<string, string>
  attachments: AttachmentView[]
  whole: boolean
}

/** The message's parts, decoded. */
export async function readRaw(raw: Bytes): Promise<Read> {
  const email = await takenApart(raw)
  return {
    to: (email.to ?? []).flatMap((one) => (one.address ? [one.address] : [])),
    text: email.text ?? '',
    html: email.html ?? '',
    headers: Object.fromEntries(email.headers.map(({ key, value }) => [key, value])),
    attachments: attachmentsOf(email),
    whole: email.whole,
  }
}
