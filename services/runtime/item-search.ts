/**
 * Which of a mailbox's messages are meant: by sender, subject, a header field, or words of the
 * text; and waiting for the next one that is.
 *
 * Letters' case means nothing. A header is searched as it is read, the trace and what was composed
 * here included. Of a large message the text of its first piece is searched.
 */
import { reportOf } from '../../machines/report.ts'
import type { Item } from '../../machines/wire.ts'
import type { Bytes } from '../mime/apart.ts'
import { readRaw } from '../mime/compose.ts'
import { headerEnd, headerLines } from '../mime/header.ts'
import { failureOf } from '../mime/report.ts'
import { type Content, readContent } from './content.ts'
import { contentKey } from './keys.ts'
import type { Live } from './live-parts.ts'
import { type Raw, rawOf } from './raw.ts'
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

/** A mailbox, and where its home keeps it. */
export interface Place {
  alias: string
  box: string
}

/** Those that match, the oldest first. */
export async function findItems(
  live: Pick<Live, 'client'>,
  settings: Settings,
  { alias, box }: Place,
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
      if (!item || !matchesEnvelope(item, search)) continue
      if (!(await matchesText(live, settings, item, search.text))) continue
      const whole = () => rawOf(live, settings, alias, item)
      if (search.header === undefined || hasField(await headerOf(await whole()), search.header)) {
        found.push(item)
      }
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

const matchesEnvelope = ({ from, subject }: Item, search: ItemSearch): boolean =>
  holds(from, search.from) && holds(subject, search.subject)

async function matchesText(
  { client }: Pick<Live, 'client'>,
  settings: Settings,
  item: Item,
  text: string | undefined,
): Promise<boolean> {
  if (text === undefined) return true
  if (item.report) {
    const { site: name, domain } = settings
    return holds(reportOf(failureOf(item.report, { name, domain })).text, text)
  }
  const content = await readContent(client, contentKey(settings, item.key))
  return content !== null && holds(await textIn(content), text)
}

async function textIn(content: Content): Promise<string> {
  if ('parts' in content) {
    const { parts, long } = content
    const begun = await Promise.all(Object.values(long).map(beginOf))
    return [parts.text, parts.html ?? '', ...begun].join('\n')
  }
  const { first } = content.kept
  const pieces = async function* () {
    yield first
  }
  const { text, html } = await readRaw({ size: first.length, pieces })
  return `${text}\n${html}`
}

/** As of any message, only the first piece is searched. */
async function beginOf(text: Bytes): Promise<string> {
  for await (const piece of text.pieces()) return piece.toString()
  return ''
}

/** The fields before the message, and its own. */
async function headerOf({ pieces }: Raw): Promise<string[]> {
  let read = Buffer.alloc(0)
  for await (const piece of pieces()) {
    read = Buffer.concat([read, piece])
    if (headerEnd(read) < read.length) break
  }
  return headerLines(read.subarray(0, headerEnd(read)))
}

function hasField(fields: string[], wanted: string): boolean {
  const [, name = '', value = ''] = /^([^:]*):?\s*(.*)$/s.exec(wanted) ?? []
  return fields.some((field) => {
    const colon = field.indexOf(':')
    const same = field.slice(0, colon).trim().toLowerCase() === name.trim().toLowerCase()
    return same && holds(field.slice(colon + 1), value)
  })
}
