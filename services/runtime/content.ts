/**
 * A message's content, kept once however many copies and recipients: either the RFC 5322 text as it
 * was given, or the parts it was given in. It is composed into text, or parsed into parts, only
 * when somebody reads it.
 */
import MailComposer from 'nodemailer/lib/mail-composer'
import PostalMime from 'postal-mime'
import type { Submission } from './views-of-mail.ts'

export type Content =
  | { raw: string }
  | { parts: { from: string; to: string[]; subject: string; text: string; html?: string } }

export interface Facts {
  id: string
  at: number
  domain: string
}

export function contentOf(submission: Submission): Content {
  if (submission.raw !== undefined) return { raw: submission.raw }
  const { from, to, subject = '', text = '', html } = submission
  return { parts: { from, to, subject, text, ...(html === undefined ? {} : { html }) } }
}

/** How much of a message may be header: what is read to find its subject. */
const HEADER_MAX = 65_536

export function subjectOf(content: Content): string {
  if ('parts' in content) return content.parts.subject
  const head = content.raw.slice(0, HEADER_MAX).split(/\r?\n\r?\n/, 1)[0] ?? ''
  const unfolded = head.replace(/\r?\n[ \t]+/g, ' ')
  return /^subject:[ \t]*(.*)$/im.exec(unfolded)?.[1]?.trim() ?? ''
}

/** The message as RFC 5322 text. */
export async function rawOf(content: Content, facts: Facts): Promise<Buffer> {
  if ('raw' in content) return Buffer.from(content.raw)
  const { from, to, subject, text, html } = content.parts
  const full = (address: string) => (address.includes('@') ? address : `${address}@${facts.domain}`)
  const composed = new MailComposer({
    from: from === '' ? undefined : full(from),
    to: to.map(full),
    subject,
    text,
    ...(html === undefined ? {} : { html }),
    messageId: `<${facts.id}@${facts.domain}>`,
    date: new Date(facts.at),
    // A report may be read twice and must then be the same text twice.
    baseBoundary: facts.id,
  })
  return composed.compile().build()
}

export interface Read {
  to: string[]
  text: string
  html: string
  headers: Record<string, string>
}

/** The message's parts, decoded. */
export async function readRaw(raw: Buffer): Promise<Read> {
  const email = await PostalMime.parse(raw)
  return {
    to: (email.to ?? []).flatMap((one) => (one.address ? [one.address] : [])),
    text: email.text ?? '',
    html: email.html ?? '',
    headers: Object.fromEntries(email.headers.map(({ key, value }) => [key, value])),
  }
}
