/**
 * The ledger: what was accepted against what mailboxes hold and what was reported. It does not
 * trust the machines.
 *
 * Obligations: one for each accepted recipient, one more for each alternate split off beside its
 * primary; a redirection replaces one. Each ends in exactly one way (I1); what ended in none is
 * lost. Then the mailboxes are gone through for what no obligation explains, and for what is held
 * twice.
 */
import { noticeKey } from '../../machines/notices.ts'
import { reportId } from '../../machines/reporting.ts'
import { type Notice, OUTSIDE } from '../../machines/wire.ts'
import { moveOf } from './claims.ts'
import { siteTime } from './clock.ts'
import { allEntries } from './directory-read.ts'
import { boxKey } from './keys.ts'
import { type Leaf, leavesOf, type Whole, wholeOf } from './leaves.ts'
import { iso, type Live, siteOf } from './live-parts.ts'
import { isAtRest } from './rest.ts'
import type { Settings } from './settings.ts'
import { messageIds } from './views.ts'
import type { Audit, LedgerEntry } from './views-of-driving.ts'

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
  const book = emptyBook(settings)
  for await (const ids of messageIds(live, settings)) {
    await Promise.all(ids.map((id) => enter(live, settings, book, id)))
  }
  await inspectMailboxes(live, settings, book)
  book.audit.atRest = before && (await isAtRest(live, settings))
  return book.audit
}

interface Book {
  audit: Audit
  /** `<message>|<mailbox>` that an obligation or a report explains. */
  explained: Set<string>
}

const emptyBook = (settings: Settings): Book => ({
  explained: new Set(),
  audit: {
    site: settings.site,
    at: iso(siteTime(settings.clock, Date.now())),
    atRest: false,
    obligations: 0,
    accepted: 0,
    delivered: 0,
    reported: 0,
    silenced: 0,
    deadLettered: 0,
    handedOff: 0,
    pending: 0,
    lost: [],
    duplicated: [],
    unexpected: [],
    falseReports: [],
  },
})

async function enter(live: Live, settings: Settings, book: Book, id: string): Promise<void> {
  const whole = await wholeOf(live.client, settings, id)
  if (!whole) return
  const leaves = await leavesOf(live.client, settings, whole)
  book.audit.accepted += whole.accept?.recipients ?? 0
  for (const leaf of leaves) count(book, whole, leaf, leaves)
  explain(book, id, leaves)
  for (const leaf of leaves) {
    const reports = [...(leaf.end?.report ? [leaf.end.report] : []), ...noticesOf(id, leaf)]
    for (const report of reports) await explainReport(live, settings, book, report)
  }
}

/** The notices that the originator asked for (RFC 3461): none is owed, and each is explained. */
function noticesOf(id: string, { key, entry }: Leaf): string[] {
  const asked = entry?.a.entry?.notify ?? []
  const kinds = asked.flatMap((one): Notice[] =>
    one === 'delay' ? ['delayed'] : ['delivered', 'relayed', 'expanded'],
  )
  return kinds.map((kind) => reportId(id, noticeKey(key, kind)))
}

function count({ audit }: Book, whole: Whole, leaf: Leaf, leaves: Leaf[]): void {
  if (leaf.outcome === 'redirected') return
  audit.obligations += 1
  const entry = ledgerEntry(whole, leaf)
  if (leaf.outcome === 'lost') audit.lost.push(entry)
  else audit[leaf.outcome] += 1
  if (leaf.outcome === 'reported' && isHeld(leaf, leaves)) audit.falseReports.push(entry)
}

/** The failed leaf's mailbox holds the message, and no other leaf put it there. */
const isHeld = (leaf: Leaf, leaves: Leaf[]): boolean =>
  leaf.places.length + leaf.removed.length > 0 &&
  !leaves.some((other) => other.mailbox === leaf.mailbox && other.state === 'delivered')

const ledgerEntry = ({ id }: Whole, leaf: Leaf): LedgerEntry => ({
  message: id,
  address: leaf.address,
  number: leaf.number,
  branch: leaf.branch === 0 ? 'own' : 'redirected',
  outcome: leaf.outcome,
  why: leaf.why,
})

function explain(book: Book, id: string, leaves: Leaf[]): void {
  for (const { mailbox, outcome } of leaves) {
    if (mailbox !== null && outcome !== 'redirected') book.explained.add(`${id}|${mailbox}`)
  }
}

async function explainReport(
  live: Live,
  settings: Settings,
  book: Book,
  id: string,
): Promise<void> {
  const report = await wholeOf(live.client, settings, id)
  if (report) explain(book, id, await leavesOf(live.client, settings, report))
}

async function inspectMailboxes(live: Live, settings: Settings, book: Book): Promise<void> {
  const entries = await allEntries(live.client, settings)
  for (const { mailbox } of entries.values()) {
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
        const message = flat[i] as string
        const place = folder === 'items' ? server : `${server} (in transit)`
        if (!(places.get(message) ?? []).includes(place)) {
          places.set(message, [...(places.get(message) ?? []), place])
        }
        if (!book.explained.has(`${message}|${mailbox}`)) {
          book.audit.unexpected.push({ message, mailbox, place })
        }
      }
    } while (cursor !== '0')
  }
}
