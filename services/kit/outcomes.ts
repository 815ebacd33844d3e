/**
 * What became of a recipient or of a site, as a verdict with words: the part that the matchers for
 * Vitest and for node:assert share.
 *
 * Rules: recipients are waited for in real time until they are settled, for a few seconds; site
 * time goes on only where that is said. A verdict that is not what was hoped for shows the
 * timelines of the recipients, not their data.
 */
import type { Fault } from '../client/api-answers.ts'
import type { Entry, Message } from '../client/api-mail.ts'
import type { Addressee, Letter } from '../client/letter.ts'
import { UndeliverableError } from '../client/problem.ts'
import type { Site } from '../client/site.ts'
import { goesThrough, pathOf } from '../scenario/timeline.ts'
import { ruleText } from './lab.ts'
import { timelineOf } from './timeline-text.ts'

export interface Verdict {
  pass: boolean
  /** Why, in either case. */
  message: string
}

/** What mail is asked about: one recipient, or all of a message. */
export type Mail = Letter | Addressee

/** A hint is better than a test that hangs; what needs longer is waited for by the test itself. */
const SETTLED_WITHIN_MS = 5_000

const STILL =
  'It is not settled. If it waits for a timer, `rest()` lets site time run until nothing is left.'

interface Seen {
  message: Message
  entries: Entry[]
}

const addresseesOf = (mail: Mail): Addressee[] =>
  'recipients' in mail ? mail.recipients.map((address) => mail.to(address)) : [mail]

async function settled(one: Addressee): Promise<void> {
  try {
    await one.until('settled', { deadlineMs: SETTLED_WITHIN_MS })
  } catch (error) {
    // What it is instead is what the verdict is about.
    if (!(error instanceof UndeliverableError && error.code === 'not-reached')) throw error
  }
}

/** Every entry of those who are asked about. */
async function look(mail: Mail): Promise<Seen> {
  const addressees = addresseesOf(mail)
  await Promise.all(addressees.map(settled))
  const entries = await Promise.all(addressees.map((one) => one.entries()))
  return { message: await mail.message(), entries: entries.flat() }
}

function verdict(pass: boolean, text: string, { message, entries }: Seen): Verdict {
  const lanes = entries.map((entry) => timelineOf(message, entry))
  const pending = entries.some(({ outcome }) => outcome === 'pending') ? [STILL] : []
  return { pass, message: [text, ...pending, ...lanes].join('\n\n') }
}

/** An entry that went to somebody else instead owes nothing itself. */
const owed = (entries: Entry[]): Entry[] =>
  entries.filter(({ outcome }) => outcome !== 'redirected' && outcome !== 'expanded')

/** Each entry is held by the mailbox that it is for. */
export async function delivered(mail: Mail): Promise<Verdict> {
  const seen = await look(mail)
  const others = owed(seen.entries).filter(({ outcome }) => outcome !== 'delivered')
  const names = others.map(({ address, outcome }) => `${address} is ${outcome}`).join(', ')
  const pass = others.length === 0
  return verdict(pass, pass ? 'Everybody has it.' : `Not everybody has it: ${names}.`, seen)
}

export interface Reported {
  /** RFC 3463, as `5.1.1`. */
  status?: string
  /** Whose failure was reported. */
  recipient?: string
}

/** The originator holds a report of a failure, about this recipient and with this status. */
export async function reported(mail: Mail, expected: Reported = {}): Promise<Verdict> {
  const seen = await look(mail)
  const { recipient, status } = expected
  const named = (entry: Entry): boolean =>
    recipient === undefined || [entry.address, entry.address.split('@')[0]].includes(recipient)
  const found = seen.entries.filter((entry) => entry.outcome === 'reported' && named(entry))
  const right = found.filter(({ report }) => status === undefined || report?.status === status)
  const about = recipient === undefined ? '' : ` about ${recipient}`
  const asked = `A report${about}${status === undefined ? '' : ` with ${status}`}`
  const codes = found.map(({ report }) => report?.status).join(', ')
  const but = found.length === 0 ? 'there is none' : `there is one with ${codes}`
  const pass = right.length > 0
  return verdict(pass, pass ? `${asked} has arrived.` : `${asked}: ${but}.`, seen)
}

/** One of the entries went through these states, in this order; others may lie between. */
export async function taken(mail: Mail, states: readonly string[]): Promise<Verdict> {
  const seen = await look(mail)
  const paths = seen.entries.map((entry) => pathOf(seen.message as never, entry))
  const pass = paths.some((path) => goesThrough(path, states))
  const went = paths.map((path) => path.join(' → ')).join('; ')
  const text = pass ? 'It has taken that path' : `It has not gone ${states.join(' → ')}`
  return verdict(pass, `${text}: ${went}.`, seen)
}

/** The rule was applied to an event at least once. */
export async function fired(site: Site, fault: Fault | string): Promise<Verdict> {
  const rule = await site.faults.get(typeof fault === 'string' ? fault : fault.id)
  const times = rule.hits === 1 ? 'once' : `${rule.hits} times`
  const text = rule.hits === 0 ? 'The fault rule never fired' : `The fault rule fired ${times}`
  return { pass: rule.hits > 0, message: `${text}: ${ruleText(rule)}` }
}

/** Timelines that are shown; whoever lost more than this has seen enough. */
const SHOWN_MAX = 5

/**
 * Lets site time run until nothing is left to do; then everybody who was owed something has it, or
 * somebody was told. It fails, too, when the site does not come to rest, and when one of its fault
 * rules never fired: then nothing was proved.
 */
export async function noSilentLoss(
  site: Site,
  { unfired = 'fail', ...options }: { deadlineMs?: number; unfired?: 'fail' | 'allow' } = {},
): Promise<Verdict> {
  const { audit, blockedBy } = await site.rest(options)
  const rules = unfired === 'fail' ? await site.faults.list() : []
  const idle = rules.filter(({ hits }) => hits === 0)
  const { lost, pending, obligations } = audit
  const found = await Promise.all(
    lost.slice(0, SHOWN_MAX).map(async ({ message: id, address, number, branch }) => {
      const message = await site.message(id)
      const entry = message.recipients.find(
        (one) => one.address === address && one.number === number && one.branch === branch,
      )
      return entry === undefined ? `${address} of ${id}` : timelineOf(message, entry)
    }),
  )
  const wrong = [
    ...(lost.length > 0 ? [`${lost.length} of ${obligations} were silently lost.`, ...found] : []),
    ...(lost.length > SHOWN_MAX ? [`… and ${lost.length - SHOWN_MAX} more`] : []),
    ...(audit.atRest ? [] : [unrested(pending, blockedBy)]),
    ...idle.map((rule) => `This fault rule never fired, so nothing is proved: ${ruleText(rule)}`),
  ]
  if (wrong.length > 0) return { pass: false, message: wrong.join('\n\n') }
  return { pass: true, message: `All ${obligations} obligations were met, or somebody was told.` }
}

function unrested(pending: number, blockedBy: { text: string }[]): string {
  const why = blockedBy.map(({ text }) => `  ${text}`).join('\n')
  const stand = `The site is not at rest, and ${pending} are pending`
  return `${stand}, so nobody can say. It waits for\n${why}`
}
