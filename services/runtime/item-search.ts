/**
 * Which of a mailbox's messages are meant: by sender, subject, a header field, or words of the
 * text; and waiting for the next one that is.
 *
 * Letters' case means nothing. Of a large message the first piece is searched: it has the header
 * section and the beginning of the body.
 */
import { reportOf } from '../../machines/report.ts'
import type { Item } from '../../machines/wire.ts'
import { readRaw } from '../mime/compose.ts'
import { headerEnd, headerLines } from '../mime/header.ts'
import { failureOf } from '../mime/report.ts'
import { type Content, readContent } from './content.ts'
import { contentKey } from './keys.ts'
import type { Live } from './live-parts.ts'
import type { Settings } from './settings.ts'

export interface ItemSearch {
  from?: string
  subject?: string
  /** In the text of its parts, or in its HTML. */
  text?: string
  /** A field's name, or its name and a part of its value: `X-Test: 7`. */
  header?: string
  /** The id of a message in the mailbox: only what came after it. */
  after?: string
}

/** The newest that are looked at; each may take a reading of its content. */
export const SEARCHED_MAX = 5_000

const PAGE = 500

/** Those that match, the oldest first. */
export async function findItems(
  live: Pick<Live, 'client'>,
  settings: Settings,
  box: string,
  search: ItemSearch,
): Promise<Item[]> {
  const { client } = live
  const total = await client.zcard(`${box}:order`)
  const begin = search.after === undefined ? 0 : await behind(client, box, search.after)
  const found: Item[] = []
  for (let at = Math.max(begin, total - SEARCHED_MAX); at < total; at += PAGE) {
    const keys = await client.zrange(`${box}:order`, `${at}`, `${at + PAGE - 1}`)
    const texts = keys.length > 0 ? await client.hmget(`${box}:items`, ...keys) : []
    for (const text of texts) {
      const item = text ? (JSON.parse(text) as Item) : null
      if (item && (await matches(live, settings, item, search))) found.push(item)
    }
  }
  return found
}

/** How many come up to this one; one that was deleted is in the log of what was ever delivered. */
async function behind(client: Live['client'], box: string, id: string): Promise<number> {
  const rank = await client.zrank(`${box}:order`, id)
  if (rank !== null) return rank + 1
  const at = await client.zscore(`${box}:log`, id)
  return at === null ? 0 : client.zcount(`${box}:order`, '-inf', at)
}

const holds = (text: string, part: string | undefined): boolean =>
  part === undefined || text.toLowerCase().includes(part.toLowerCase())

async function matches(
  { client }: Pick<Live, 'client'>,
  settings: Settings,
  item: Item,
  search: ItemSearch,
): Promise<boolean> {
  if (!holds(item.from, search.from) || !holds(item.subject, search.subject)) return false
  if (search.text === undefined && search.header === undefined) return true
  if (item.report) {
    const { site: name, domain } = settings
    const { text } = reportOf(failureOf(item.report, { name, domain }))
    return search.header === undefined && holds(text, search.text)
  }
  const content = await readContent(client, contentKey(settings, item.key))
  return content !== null && (await contentMatches(content, search))
}

async function contentMatches(content: Content, { text, header }: ItemSearch): Promise<boolean> {
  if ('parts' in content) {
    const { parts } = content
    return header === undefined && holds(`${parts.text}\n${parts.html ?? ''}`, text)
  }
  const { first } = content.kept
  if (!hasField(headerLines(first.subarray(0, headerEnd(first))), header)) return false
  if (text === undefined) return true
  const read = await readRaw(first)
  return holds(`${read.text}\n${read.html}`, text)
}

function hasField(fields: string[], wanted: string | undefined): boolean {
  if (wanted === undefined) return true
  const [, name = '', value = ''] = /^([^:]*):?\s*(.*)$/s.exec(wanted) ?? []
  return fields.some((field) => {
    const colon = field.indexOf(':')
    const same = field.slice(0, colon).trim().toLowerCase() === name.trim().toLowerCase()
    return same && holds(field.slice(colon + 1), value)
  })
}
