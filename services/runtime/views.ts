/**
 * Messages as a person sees them: every entry with its outcome, its timeline, and why it is where
 * it is.
 */
import { problem } from '../errors.ts'
import { codeStatus, codeText } from './items.ts'
import { recordsOf, timelineEntry } from './journal.ts'
import { messageKey, part, shardsOf } from './keys.ts'
import { addressesOf, type Leaf, leavesOf, messageOfMember, type Whole, wholeOf } from './leaves.ts'
import { iso, type Live, siteOf } from './live-parts.ts'
import type { AcceptRecord } from './messages.ts'
import type { Settings } from './settings.ts'
import type { EntryView, MessageSummary, MessageView } from './views-of-mail.ts'
import { situationOf, waitsFor } from './waits.ts'

async function wholeOrProblem(
  live: Live,
  settings: Settings,
  id: string,
  only?: ReadonlySet<number>,
): Promise<Whole> {
  const whole = await wholeOf(live.client, settings, id, only)
  // What is being trimmed is judged, and partly gone.
  if (whole && !whole.trim) return whole
  throw problem('unknown-message', `The site ${settings.site} has no message "${id}".`)
}

export async function getMessage(live: Live, site: string, id: string): Promise<MessageView> {
  const settings = await siteOf(live, site)
  const whole = await wholeOrProblem(live, settings, id)
  const recipients = await entriesOf(
    live,
    settings,
    whole,
    await leavesOf(live.client, settings, whole),
  )
  const timeline = await recordsOf(live.client, settings, id)
  const { header } = whole
  return {
    id,
    from: header.originator,
    subject: header.subject,
    priority: header.priority,
    acceptedAt: iso(header.submittedAt),
    expiresAt: iso(header.expiresAt),
    ...(header.deferUntil === undefined ? {} : { deferUntil: iso(header.deferUntil) }),
    server: header.trace[0] as string,
    state: recipients.some(({ outcome }) => outcome === 'pending') ? 'pending' : 'settled',
    reportOf: header.report?.message ?? null,
    recipients,
    timeline: timeline.map(({ shard, id, record }) => timelineEntry(shard, id, record)),
  }
}

async function entriesOf(
  live: Live,
  settings: Settings,
  whole: Whole,
  leaves: Leaf[],
): Promise<EntryView[]> {
  const pending = leaves.some(({ outcome }) => outcome === 'pending')
  const situation = pending ? await situationOf(live, settings, whole.id) : null
  return Promise.all(
    leaves.map(async (leaf) => ({
      address: leaf.address,
      number: leaf.number,
      branch: leaf.branch === 0 ? ('own' as const) : ('redirected' as const),
      ...(leaf.lists.length > 0 ? { lists: leaf.lists } : {}),
      state: leaf.state,
      outcome: leaf.outcome,
      attempts: leaf.attempts,
      copies: leaf.copies,
      report: reportOf(leaf),
      waitsFor: situation ? await waitsFor(live, settings, whole.id, leaf, situation) : [],
    })),
  )
}

function reportOf({ report, state, entry }: Leaf): EntryView['report'] {
  if (!report) return null
  const code = state === 'expired' ? { reason: 1, diagnostic: 5 } : entry?.a.code
  const shown = code ?? { reason: 1, diagnostic: 0 }
  return { ...report, status: codeStatus(shown), code: codeText(shown) }
}

export async function getRecipient(
  live: Live,
  site: string,
  id: string,
  address: string,
  wait?: { until: string; timeoutMs: number; signal?: AbortSignal },
): Promise<{ reached: boolean; entries: EntryView[] }> {
  const settings = await siteOf(live, site)
  let mine: Set<number> | null = null
  const look = async () => {
    mine ??= await numbersOf(live, settings, id, address)
    if (!mine) return null
    const whole = await wholeOrProblem(live, settings, id, mine)
    const leaves = await leavesOf(live.client, settings, whole)
    const now = !wait || (await reached(live, settings, id, leaves, wait.until))
    return now ? { whole, leaves } : null
  }
  const found = wait
    ? await live.watch.until(site, look, { timeoutMs: wait.timeoutMs, signal: wait.signal })
    : await look()
  if (found) {
    return { reached: true, entries: await entriesOf(live, settings, found.whole, found.leaves) }
  }
  if (!mine) throw unknownRecipient(id, address)
  const whole = await wholeOrProblem(live, settings, id, mine)
  const leaves = await leavesOf(live.client, settings, whole)
  return { reached: false, entries: await entriesOf(live, settings, whole, leaves) }
}

const unknownRecipient = (id: string, address: string) =>
  problem('unknown-recipient', `The message ${id} has no recipient "${address}".`)

/**
 * The recipient numbers that were addressed so: as given, by alias, as an alternate, or by a list.
 * Null: there is none, but one may come while others are still to be routed.
 */
async function numbersOf(
  live: Live,
  settings: Settings,
  id: string,
  address: string,
): Promise<Set<number> | null> {
  const whole = await wholeOrProblem(live, settings, id)
  const wanted = address.toLowerCase()
  const alias = wanted.endsWith(`@${settings.domain}`) ? wanted.split('@')[0] : wanted
  const is = (given: string) => [wanted, alias].includes(given.toLowerCase())
  const numbers = addressesOf(whole).flatMap(({ number, address }) => (is(address) ? [number] : []))
  if (numbers.length > 0) return new Set(numbers)
  if (whole.unrouted.length > 0) return null
  throw unknownRecipient(id, address)
}

/**
 * Whether an entry is, or by the journal has been, in a state; `settled` is of all of them, now.
 */
async function reached(
  live: Live,
  settings: Settings,
  id: string,
  leaves: Leaf[],
  until: string,
): Promise<boolean> {
  if (until === 'settled') return leaves.every(({ outcome }) => outcome !== 'pending')
  if (leaves.some(({ state, outcome }) => state === until || outcome === until)) return true
  const keys = new Set(leaves.map(({ key }) => key))
  const records = await recordsOf(live.client, settings, id)
  return records.some(({ record }) =>
    record.s.some(([actor, state]) => {
      const [kind, , , key] = actor.split('/')
      return kind === 'recipient' && state === until && keys.has(key as string)
    }),
  )
}

/** The newest first. */
export async function listMessages(
  live: Live,
  site: string,
  query: { state?: 'pending' | 'settled'; offset: number; limit: number },
): Promise<{ total: number; messages: MessageSummary[] }> {
  const settings = await siteOf(live, site)
  const pending = new Set<string>()
  const ids: { id: string; at: number }[] = []
  for (const shard of shardsOf(settings)) {
    const members = await live.client.smembers(part(settings, shard, 'pending'))
    for (const member of members) pending.add(messageOfMember(member))
    const all = await live.client.zrange(part(settings, shard, 'messages'), '0', '-1', 'WITHSCORES')
    for (let i = 0; i < all.length; i += 2) {
      ids.push({ id: all[i] as string, at: Number(all[i + 1]) })
    }
  }
  const stateOf = (id: string) => (pending.has(id) ? ('pending' as const) : ('settled' as const))
  const wanted = ids
    .filter(({ id }) => query.state === undefined || stateOf(id) === query.state)
    .sort((a, b) => b.at - a.at || b.id.localeCompare(a.id))
  const page = wanted.slice(query.offset, query.offset + query.limit)
  const messages = await Promise.all(page.map(({ id }) => summary(live, settings, id, stateOf(id))))
  return { total: wanted.length, messages: messages.filter((one) => one !== null) }
}

async function summary(
  live: Live,
  settings: Settings,
  id: string,
  state: MessageSummary['state'],
): Promise<MessageSummary | null> {
  const text = await live.client.hget(messageKey(settings, id), 'accept')
  if (!text) return null
  const { header, recipients } = JSON.parse(text) as AcceptRecord
  return {
    id,
    from: header.originator,
    subject: header.subject,
    acceptedAt: iso(header.submittedAt),
    state,
    recipients,
  }
}
