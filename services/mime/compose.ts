/**
 * From parts to RFC 5322 text, and from text to decoded parts. Done only when somebody reads.
 */
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

export async function compose(parts: Parts, facts: Facts): Promise<Buffer> {
  const { from, to, subject, text, html } = parts
  const full = (address: string) => fullAddress(address, facts.domain)
  const composed = new MailComposer({
    from: from === '' ? undefined : full(from),
    to: to.map(full),
    subject,
    text,
    ...(html === undefined ? {} : { html }),
    messageId: `<${facts.id}@${facts.domain}>`,
    date: new Date(facts.at),
    // It may be read twice and must then be the same text twice.
    baseBoundary: facts.id,
  })
  return composed.compile().build()
}

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
