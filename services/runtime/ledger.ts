/**
 * The ledger: what was accepted against what mailboxes hold and what was reported. It does not
 * trust the machines.
 *
 * Obligations: one for each accepted recipient, one more for each alternate split off beside its
 * primary; a redirection replaces one, and so does a list's expansion, by one for each member that
 * had no entry yet. Each ends in exactly one way (I1); what ended in none is
 * lost. Then the mailboxes are gone through for what no obligation explains, and for what is held
 * twice.
 */
import { messageOfItem } from '../../machines/item-keys.ts'
import { OUTSIDE } from '../../machines/wire.ts'
import { moveOf } from './claims.ts'
import { siteTime } from './clock.ts'
import { TALLIED, takeStock } from './counts.ts'
import { allEntries } from './directory-read.ts'
import { type Judgement, judgementOf } from './judgement.ts'
import { boxKey } from './keys.ts'
import { iso, type Live, siteOf } from './live-parts.ts'
import { isAtRest } from './rest.ts'
import type { Settings } from './settings.ts'
import type { Audit } from './views-of-driving.ts'

export async function audit(
  live: Live,
  site: string,
  restMs = 0,
  signal?: AbortSignal,
): Promise<Audit> {
  const settings = await siteOf(live, site)
  if (restMs > 0) {
    const look = async () => ((await isAtRest(live, await siteOf(live, site))) ? true : null)
    await live.watch.until(site, look, { timeoutMs: restMs, signal })
  }
  const before = await isAtRest(live, settings)
  const book: Book = { judged: new Map(), explained: new Set(), audit: emptyAudit(settings) }
  const ids = (await takeStock(live.client, settings)).flatMap(({ kept }) => kept)
  for (let from = 0; from < ids.length; from += PAGE) {
    const page = ids.slice(from, from + PAGE)
    await Promise.all(page.map((id) => enter(live, settings, book, id)))
  }
  await inspectMailboxes(live, settings, book)
  await sumUp(live, settings, book)
  book.audit.atRest = before && (await isAtRest(live, settings))
  return book.audit
}

/** Messages that are judged at a time. */
const PAGE = 200

interface Book {
  audit: Audit
  judged: Map<string, Judgement>
  /** `<item>|<mailbox>` that an obligation or a report explains. */
  explained: Set<string>
}

const emptyAudit = (settings: Settings): Audit => ({
  site: settings.site,
  at: iso(siteTime(settings.clock, Date.now())),
  atRest: false,
  ...{ obligations: 0, accepted: 0, delivered: 0, reported: 0, silenced: 0, deadLettered: 0 },
  ...{ handedOff: 0, pending: 0, lost: [], duplicated: [], unexpected: [], falseReports: [] },
  ...{ deadLetters: 0, swept: { resent: 0, retried: 0, repeated: 0 }, trimmed: 0 },
})

async function enter(live: Live, settings: Settings, book: Book, id: string): Promise<void> {
  const judged = await judgementOf(live.client, settings, id)
  if (!judged) return
  book.judged.set(id, judged)
  for (const one of judged.explained) book.explained.add(one)
}

/**
 * What is kept, and what was counted of that which was trimmed. Messages are trimmed while this is
 * read: those that are still kept and the counts are therefore taken in one look at each shard, and
 * a message is in one of the two.
 */
async function sumUp(live: Live, settings: Settings, { audit, judged }: Book): Promise<void> {
  for (const { counts, kept } of await takeStock(live.client, settings)) {
    for (const name of TALLIED) audit[name] += Number(counts[`trimmed.${name}`] ?? 0)
    for (const name of ['resent', 'retried', 'repeated'] as const) {
      audit.swept[name] += Number(counts[name] ?? 0)
    }
    audit.deadLetters += Number(counts.deadLetters ?? 0)
    audit.trimmed += Number(counts['trimmed.messages'] ?? 0)
    for (const id of kept) {
      const one = judged.get(id)
      if (!one) continue
      for (const name of TALLIED) audit[name] += one.tally[name]
      audit.lost.push(...one.lost)
      audit.falseReports.push(...one.falseReports)
    }
  }
}

async function inspectMailboxes(live: Live, settings: Settings, book: Book): Promise<void> {
  const entries = await allEntries(live.client, settings)
  for (const { mailbox, list } of entries.values()) {
    if (list) continue
    const places = new Map<string, string[]>()
    for (const server of settings.servers) {
      await inspect(live, settings, book, server, mailbox, places)
    }
    const moving = mailbox !== OUTSIDE && (await moveOf(live, settings, mailbox)) !== null
    for (const [message, held] of places) {
      if (held.length > 1 && !moving) book.audit.duplicated.push({ message, mailbox, places: held })
    }
  }
}

/** One mailbox at one store, page by page. */
async function inspect(
  live: Live,
  settings: Settings,
  book: Book,
  server: string,
  mailbox: string,
  places: Map<string, string[]>,
): Promise<void> {
  const box = boxKey(settings, server, mailbox)
  for (const folder of ['items', 'transit']) {
    let cursor = '0'
    do {
      const [next, flat] = await live.client.hscan(`${box}:${folder}`, cursor, 'COUNT', 1_000)
      cursor = next
      for (let i = 0; i < flat.length; i += 2) {
        const key = flat[i] as string
        const message = messageOfItem(key)
        const where = folder === 'items' ? server : `${server} (in transit)`
        const place = key === message ? where : `${where}, as ${key}`
        if (!(places.get(message) ?? []).includes(place)) {
          places.set(message, [...(places.get(message) ?? []), place])
        }
        if (!(await isExplained(live, settings, book, key, mailbox))) {
          book.audit.unexpected.push({ message, mailbox, place })
        }
      }
    } while (cursor !== '0')
  }
}

/** One that came, or was routed, since its message was judged is looked at once more. */
async function isExplained(
  live: Live,
  settings: Settings,
  book: Book,
  key: string,
  mailbox: string,
): Promise<boolean> {
  if (book.explained.has(`${key}|${mailbox}`)) return true
  const message = messageOfItem(key).split('~')[0] as string
  const now = await judgementOf(live.client, settings, message)
  for (const one of now?.explained ?? []) book.explained.add(one)
  return book.explained.has(`${key}|${mailbox}`)
}
