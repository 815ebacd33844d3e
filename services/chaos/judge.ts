/**
 * What came of a run: the load's own file against the site's audit, and the sum of both.
 *
 * Rules: a promise is broken when the site does not know the message, or knows it with other
 * recipients than were promised. Two messages for one key are one too many, and so is a message
 * that was promised to nobody: each key has its promise by now, so it is some key's second.
 */
import { BUNDLE_STEPS_MAX, PAGE_LIMIT_MAX } from '../api/limits.ts'
import { checkedBundle } from '../check/conform/bundle-file.ts'
import { conform, type Verdict } from '../check/conform/conform.ts'
import type { Bundle } from '../runtime/views-of-bundle.ts'
import type { Audit } from '../runtime/views-of-driving.ts'
import type { MessageSummary } from '../runtime/views-of-mail.ts'
import { type Answer, ask, wordsOf } from './ask.ts'
import type { Promised } from './promises.ts'
import { SITE } from './site.ts'

/** A long journal takes the service, and this process, a while to write and to read. */
const ANSWER_WITHIN_MS = 150_000
/** Calls of one kind until the site is at rest: each takes as long as the service allows. */
const ATTEMPTS = 5

export interface Judged {
  audit: Audit
  bundle: Bundle
  verdict: Verdict
  promised: Promised[]
  broken: Promised[]
  /** Keys that were given more than one message that is there, and messages promised to nobody. */
  givenTwice: string[]
  /** What still moved when the site was to come to rest, in words. */
  blockedBy: string[]
}

/** Lets the site come to rest, and looks. */
export async function judge(url: string, promised: Promised[]): Promise<Judged> {
  const blockedBy = await idle(url)
  const audit = await restingAudit(url)
  const known = await messagesOf(url)
  const bundle = checkedBundle(await get(url, `/sites/${SITE}/bundle`), 'the bundle')
  return {
    audit,
    bundle,
    verdict: conform(bundle),
    promised,
    broken: brokenOf(promised, known),
    givenTwice: givenTwiceOf(promised, known),
    blockedBy,
  }
}

/** By id, how many recipients each message has. */
export type Known = ReadonlyMap<string, number>

export const brokenOf = (promised: readonly Promised[], known: Known): Promised[] =>
  distinct(promised).filter(({ id, recipients }) => known.get(id) !== recipients.length)

export function givenTwiceOf(promised: readonly Promised[], known: Known): string[] {
  const keys = new Map<string, string>()
  const twice: string[] = []
  for (const { id, key } of distinct(promised)) {
    if (!known.has(id)) continue
    if (keys.has(key)) twice.push(id)
    keys.set(key, id)
  }
  const ids = new Set(promised.map(({ id }) => id))
  return [...twice, ...[...known.keys()].filter((id) => !ids.has(id))]
}

/** Each message once, as it was first promised. */
function distinct(promised: readonly Promised[]): Promised[] {
  const seen = new Map<string, Promised>()
  for (const one of promised) if (!seen.has(one.id)) seen.set(one.id, one)
  return [...seen.values()]
}

async function idle(url: string): Promise<string[]> {
  let left: string[] = []
  for (let i = 0; i < ATTEMPTS; i++) {
    const body = { until: 'idle' }
    const { blockedBy } = await post<{ blockedBy: { text: string }[] }>(url, 'clock', body)
    left = blockedBy.map(({ text }) => text)
    if (left.length === 0) break
  }
  return left
}

async function restingAudit(url: string): Promise<Audit> {
  let audit = await get<Audit>(url, `/sites/${SITE}/audit?rest=60s`)
  for (let i = 1; i < ATTEMPTS && !audit.atRest; i++) {
    audit = await get<Audit>(url, `/sites/${SITE}/audit?rest=60s`)
  }
  return audit
}

async function messagesOf(url: string): Promise<Known> {
  const known = new Map<string, number>()
  for (let offset = 0; ; offset += PAGE_LIMIT_MAX) {
    const page = `offset=${offset}&limit=${PAGE_LIMIT_MAX}`
    const path = `/sites/${SITE}/messages?${page}`
    const { messages } = await get<{ messages: MessageSummary[] }>(url, path)
    for (const { id, recipients } of messages) known.set(id, recipients)
    if (messages.length < PAGE_LIMIT_MAX) return known
  }
}

const get = async <Body>(url: string, path: string): Promise<Body> =>
  ok(path, await ask<Body>(`${url}${path}`, { withinMs: ANSWER_WITHIN_MS }))

const post = async <Body>(url: string, path: string, body: object): Promise<Body> =>
  ok(
    path,
    await ask<Body>(`${url}/sites/${SITE}/${path}`, {
      method: 'POST',
      body,
      withinMs: ANSWER_WITHIN_MS,
    }),
  )

export function ok<Body>(what: string, answer: Answer<Body> | null): Body {
  if (answer === null) throw new Error(`${what}: no answer`)
  if (answer.status >= 300) throw new Error(`${what}: ${wordsOf(answer)}`)
  return answer.body
}

/** The journal is longer than a bundle takes along: what is judged begins at a checkpoint. */
export const isTrimmed = ({ journal }: Bundle): boolean =>
  journal.trimmed || journal.steps.length >= BUNDLE_STEPS_MAX
