/**
 * Messages in the shapes of Mailpit's API v1, so that a client that was written for Mailpit reads
 * them: <https://mailpit.axllent.org/docs/api-v1/>.
 *
 * Names are Mailpit's, capitals included. What an emulated mailbox does not have is there, and
 * empty.
 */
import MailComposer from 'nodemailer/lib/mail-composer'
import type { Address, Email } from 'postal-mime'
import { type Bytes, takenApart } from './apart.ts'
import { checksumsOf, sizeOf, typeOf } from './attachments.ts'

export interface Parsed {
  id: string
  /** Real octets, the trace included. */
  size: number
  /** ISO 8601. */
  receivedAt: string
  email: Email
}

/** The beginning of the text that a list shows; Mailpit's has this length. */
const SNIPPET_CHARACTERS = 250

export async function parse(
  facts: { id: string; receivedAt: string },
  raw: Bytes,
): Promise<Parsed> {
  const { id, receivedAt } = facts
  return { id, size: raw.size, receivedAt, email: await takenApart(raw) }
}

/** What Mailpit's `send` takes. */
export interface Sent {
  From: Person
  To?: Person[]
  Cc?: Person[]
  Bcc?: string[]
  Subject?: string
  Text?: string
  HTML?: string
  Headers?: Record<string, string>
  ReplyTo?: Person[]
  /** Their content is base64. */
  Attachments?: { Filename: string; Content: string; ContentType?: string; ContentID?: string }[]
}
interface Person {
  Email: string
  Name?: string
}

/** As a message; whoever is in `Bcc` is not named in it. */
export function composeSent(sent: Sent): Promise<Buffer> {
  const one = ({ Email, Name }: Person) => ({ address: Email, name: Name ?? '' })
  const { From, To = [], Cc = [], Subject, Text, HTML, Headers } = sent
  return new MailComposer({
    from: one(From),
    to: To.map(one),
    cc: Cc.map(one),
    subject: Subject,
    text: Text ?? '',
    html: HTML,
    headers: Headers,
    replyTo: (sent.ReplyTo ?? []).map(one),
    attachments: (sent.Attachments ?? []).map((file) => ({
      filename: file.Filename,
      content: file.Content,
      encoding: 'base64',
      ...(file.ContentType ? { contentType: file.ContentType } : {}),
      ...(file.ContentID ? { cid: file.ContentID, contentDisposition: 'inline' as const } : {}),
    })),
  })
    .compile()
    .build()
}

/** What readers put on a message. */
export interface Marked {
  read: boolean
  tags: string[]
}

/** Groups are taken apart: Mailpit knows people only. */
const people = (given: Address[] | Address | undefined): { Name: string; Address: string }[] =>
  [given ?? []]
    .flat()
    .flatMap(({ name, address, group }) => [
      ...(address === undefined ? [] : [{ Name: name, Address: address }]),
      ...(group ?? []).map((one) => ({ Name: one.name, Address: one.address ?? '' })),
    ])

function envelopeOf({ id, size, email }: Parsed, { tags }: Marked) {
  return {
    ID: id,
    MessageID: (email.messageId ?? '').replace(/^<|>$/g, ''),
    From: people(email.from)[0] ?? { Name: '', Address: '' },
    To: people(email.to),
    Cc: people(email.cc),
    Bcc: people(email.bcc),
    ReplyTo: people(email.replyTo),
    Subject: email.subject ?? '',
    Tags: tags,
    Username: '',
    Size: size,
  }
}

/** As a list shows it. */
export const summaryOf = (parsed: Parsed, mark: Marked) => ({
  ...envelopeOf(parsed, mark),
  Read: mark.read,
  Created: parsed.receivedAt,
  Attachments: parsed.email.attachments.length,
  Snippet: textOf(parsed.email).replace(/\s+/g, ' ').trim().slice(0, SNIPPET_CHARACTERS),
})

/** As it is shown alone. */
export const messageOf = (parsed: Parsed, mark: Marked) => ({
  ...envelopeOf(parsed, mark),
  ReturnPath: headerOf(parsed.email, 'return-path').replace(/^<|>$/g, ''),
  ListUnsubscribe: unsubscribing(parsed.email),
  Date: parsed.email.date ?? parsed.receivedAt,
  Text: parsed.email.text ?? '',
  HTML: parsed.email.html ?? '',
  Inline: filesOf(parsed.email, true),
  Attachments: filesOf(parsed.email, false),
})

/** RFC 2369 §3.2 and RFC 8058: its links, each in angle brackets. */
function unsubscribing(email: Email) {
  const Header = headerOf(email, 'list-unsubscribe')
  const Links = [...Header.matchAll(/<([^<>]+)>/g)].map(([, link = '']) => link.trim())
  const Errors = Header !== '' && Links.length === 0 ? 'no link in angle brackets' : ''
  return { Header, Links, Errors, HeaderPost: headerOf(email, 'list-unsubscribe-post') }
}

/** Each field's values, in the order in which they stand. */
export function headersOf({ email }: Parsed): Record<string, string[]> {
  const headers: Record<string, string[]> = {}
  for (const { key, value } of email.headers) {
    const name = canonical(key)
    const values = headers[name] ?? []
    values.push(value)
    headers[name] = values
  }
  return headers
}

/** `Message-Id`, however it was written: as Mailpit's own language writes the names of fields. */
const canonical = (key: string): string =>
  key.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())

export const textOf = ({ text, html }: Email): string =>
  text ?? (html ?? '').replace(/<[^>]*>/g, ' ')

const headerOf = (email: Email, key: string): string =>
  email.headers.find((header) => header.key === key)?.value ?? ''

const filesOf = ({ attachments }: Email, inline: boolean) =>
  attachments.flatMap((attachment, i) =>
    (attachment.disposition === 'inline') === inline
      ? [
          {
            PartID: `${i + 1}`,
            FileName: attachment.filename ?? '',
            ContentType: typeOf(attachment),
            ContentID: (attachment.contentId ?? '').replace(/^<|>$/g, ''),
            Size: sizeOf(attachment),
            Checksums: checksumsOf(attachment),
          },
        ]
      : [],
  )

/**
 * Whether a message is meant by Mailpit's search: each word must be in it, or in the field that is
 * named before it; `-` or `!` before a word asks that it is not; quotes hold words together.
 * `tag:`, `is:` and `has:` ask what it bears.
 */
export function isMeant(parsed: Parsed, query: string, mark: Marked): boolean {
  const words = [...query.matchAll(/([-!]?)(?:(\w[\w-]*):)?(?:"([^"]*)"|(\S+))/g)]
  return words.every(([, not, name = '', quoted, word = '']) => {
    const field = FIELDS[name.toLowerCase()]
    const said = quoted ?? word
    // A colon after anything else is a part of the word.
    const wanted = field || name === '' ? said : `${name}:${said}`
    const asked = STATES[name.toLowerCase()]?.(parsed, mark)
    const text = (field ?? everything)(parsed.email).toLowerCase()
    const found = asked?.includes(said.toLowerCase()) ?? text.includes(wanted.toLowerCase())
    return not === '' ? found : !found
  })
}

/** Fields whose value is one of some words. */
const STATES: Record<string, (parsed: Parsed, mark: Marked) => string[]> = {
  tag: (_parsed, { tags }) => tags.map((tag) => tag.toLowerCase()),
  is: (_parsed, { read, tags }) => [
    read ? 'read' : 'unread',
    ...(tags.length > 0 ? ['tagged'] : []),
  ],
  has: ({ email }) => (email.attachments.length > 0 ? ['attachment', 'attachments'] : []),
}

const named = (given: Address[] | Address | undefined): string =>
  people(given)
    .map(({ Name, Address }) => `${Name} <${Address}>`)
    .join(' ')

const FIELDS: Record<string, (email: Email) => string> = {
  subject: ({ subject }) => subject ?? '',
  from: ({ from }) => named(from),
  to: ({ to }) => named(to),
  cc: ({ cc }) => named(cc),
  bcc: ({ bcc }) => named(bcc),
  'message-id': ({ messageId }) => messageId ?? '',
}

const everything = (email: Email): string =>
  [email.subject ?? '', named(email.from), named(email.to), named(email.cc), textOf(email)].join(
    '\n',
  )
