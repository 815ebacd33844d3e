/**
 * What a client of Mailpit's API sees: the messages of a mailbox, or of all mailboxes of a site, in
 * which a message that went to several is one. The newest comes first.
 */
import { OUTSIDE } from '../../../machines/wire.ts'
import { Problem, problem } from '../../errors.ts'
import { isMeant, type Parsed, parse, summaryOf } from '../../mime/mailpit.ts'
import type { Emulator } from '../../runtime/emulator.ts'
import type { Mark } from '../../runtime/marks.ts'
import type { ItemView } from '../../runtime/views-of-mail.ts'
import { MAILPIT_MAILBOXES_MAX, MAILPIT_SEARCHED_MAX } from '../limits.ts'
import type { Where } from './places.ts'

export interface Held extends ItemView {
  /** The mailboxes that hold it. */
  aliases: string[]
}

/** By when it arrived; those that arrived together, by their ids. */
export const orderOf = ({ receivedAt, id }: Held): string => `${receivedAt} ${id}`

/** So many of a mailbox's newest. */
async function newestOf(
  emulator: Emulator,
  site: string,
  alias: string,
  start: number,
  limit: number,
): Promise<{ total: number; items: Held[] }> {
  const { total } = await emulator.items(site, alias, { offset: 0, limit: 1 })
  const end = Math.max(0, total - start)
  const offset = Math.max(0, end - limit)
  if (end === offset) return { total, items: [] }
  const { items } = await emulator.items(site, alias, { offset, limit: end - offset })
  return { total, items: items.reverse().map((item) => ({ ...item, aliases: [alias] })) }
}

/** Of all mailboxes: what is among the newest of any. */
async function newestOfAll(emulator: Emulator, site: string): Promise<Held[]> {
  const aliases = [...(await emulator.site(site)).mailboxes, OUTSIDE]
  if (aliases.length > MAILPIT_MAILBOXES_MAX) {
    const most = `of up to ${MAILPIT_MAILBOXES_MAX} mailboxes; ask for one of them`
    throw problem('bad-request', `All mailboxes together are shown ${most}.`)
  }
  const all = await Promise.all(
    aliases.map((alias) => newestOf(emulator, site, alias, 0, MAILPIT_SEARCHED_MAX)),
  )
  const byId = new Map<string, Held>()
  for (const item of all.flatMap(({ items }) => items)) {
    const known = byId.get(item.id)
    if (known) known.aliases.push(...item.aliases)
    else byId.set(item.id, item)
  }
  return [...byId.values()].sort((a, b) => (orderOf(a) < orderOf(b) ? 1 : -1))
}

/** The newest, as many as are searched and counted. */
export const newest = async (emulator: Emulator, { site, alias }: Where): Promise<Held[]> =>
  alias === undefined
    ? newestOfAll(emulator, site)
    : (await newestOf(emulator, site, alias, 0, MAILPIT_SEARCHED_MAX)).items

export async function page(
  emulator: Emulator,
  where: Where,
  start: number,
  limit: number,
): Promise<{ total: number; items: Held[] }> {
  const { site, alias } = where
  if (alias !== undefined) return newestOf(emulator, site, alias, start, limit)
  const all = await newestOfAll(emulator, site)
  return { total: all.length, items: all.slice(start, start + limit) }
}

export interface Counts {
  read: number
  tags: string[]
}

/** Among the newest: how many were read, and which tags there are. */
export async function countsOf(emulator: Emulator, where: Where): Promise<Counts> {
  const ids = (await newest(emulator, where)).map(({ id }) => id)
  const marks = await emulator.marks(where.site, ids)
  const tags = [...new Set(marks.flatMap((mark) => mark.tags))].sort()
  return { read: marks.filter(({ read }) => read).length, tags }
}

/** A message that is shown, with what its readers put on it. */
export interface Shown {
  held: Held
  parsed: Parsed
  mark: Mark
}

export async function show(emulator: Emulator, { site }: Where, held: Held): Promise<Shown> {
  const raw = await emulator.rawItem(site, held.aliases[0] as string, held.id)
  const [[mark = { read: false, tags: [] }], parsed] = await Promise.all([
    emulator.marks(site, [held.id]),
    parse(held, raw),
  ])
  return { held, parsed, mark }
}

/** A message in a list: what is decoded of it is not kept until the list is whole. */
export interface Listed {
  held: Held
  mark: Mark
  summary: ReturnType<typeof summaryOf>
}

/** Those of them that are meant, and are still there. */
export async function list(
  emulator: Emulator,
  where: Where,
  all: Held[],
  isMeant: (shown: Shown) => boolean = () => true,
): Promise<Listed[]> {
  const listed: Listed[] = []
  for (const held of all) {
    const shown = await showIfThere(emulator, where, held)
    if (!shown || !isMeant(shown)) continue
    const { parsed, mark } = shown
    listed.push({ held, mark, summary: summaryOf(parsed, mark) })
  }
  return listed
}

/** Null when it was deleted meanwhile. */
export async function showIfThere(
  emulator: Emulator,
  where: Where,
  held: Held,
): Promise<Shown | null> {
  try {
    return await show(emulator, where, held)
  } catch (error) {
    if (error instanceof Problem && error.code === 'unknown-item') return null
    throw error
  }
}

/** Of an id, or of `latest`. */
export async function find(emulator: Emulator, where: Where, id: string): Promise<Held> {
  const { site, alias } = where
  if (alias !== undefined && id !== 'latest') {
    return { ...(await emulator.itemView(site, alias, id)), aliases: [alias] }
  }
  const among = id === 'latest' ? (await page(emulator, where, 0, 1)).items : null
  const held = (among ?? (await newest(emulator, where))).find(
    (one) => id === 'latest' || one.id === id,
  )
  if (!held) throw problem('unknown-item', `There is no message "${id}" here.`)
  return held
}

/** Those that match, among the newest. */
export const search = async (emulator: Emulator, where: Where, query: string): Promise<Listed[]> =>
  list(emulator, where, await newest(emulator, where), ({ parsed, mark }) =>
    isMeant(parsed, query, mark),
  )
