/**
 * What has arrived in a mailbox: listed, read, deleted. The items are the store's; the content is
 * the message's.
 */
import { type Code, describe, statusOf } from '../../machines/codes.ts'
import { reportOf } from '../../machines/report.ts'
import type { Item } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import { type File, readAttachment } from '../mime/attachments.ts'
import { readRaw } from '../mime/compose.ts'
import { failureOf } from '../mime/report.ts'
import { findItems, type ItemSearch } from './item-search.ts'
import { boxKey } from './keys.ts'
import { iso, type Live, siteOf } from './live-parts.ts'
import { entryOrProblem, injectAndWait } from './mailboxes.ts'
import { type Raw, rawOf } from './raw.ts'
import type { Settings } from './settings.ts'
import type { ItemDetail, ItemView, ReportView } from './views-of-mail.ts'

export interface ItemsQuery {
  offset: number
  limit: number
  /** Only those that match. */
  search?: ItemSearch
  /** Until there is one that matches. */
  wait?: { timeoutMs: number; signal?: AbortSignal }
}

export async function listItems(
  live: Live,
  site: string,
  alias: string,
  { offset, limit, search, wait }: ItemsQuery,
): Promise<{ total: number; items: ItemView[] }> {
  const settings = await siteOf(live, site)
  if (!search) return pageOf(live, settings, alias, offset, limit)
  const look = async () => {
    // A mailbox may be moved while one waits.
    const box = await boxOf(live, settings, alias)
    const found = await findItems(live, settings, { alias, box }, search)
    return found.length > 0 || !wait ? found : null
  }
  const found = wait ? await live.watch.until(site, look, wait) : await look()
  const items = (found ?? []).slice(offset, offset + limit)
  return { total: found?.length ?? 0, items: items.map((item) => viewOf(item, settings)) }
}

async function pageOf(
  live: Live,
  settings: Settings,
  alias: string,
  offset: number,
  limit: number,
): Promise<{ total: number; items: ItemView[] }> {
  const box = await boxOf(live, settings, alias)
  const total = await live.client.zcard(`${box}:order`)
  const keys = await live.client.zrange(`${box}:order`, `${offset}`, `${offset + limit - 1}`)
  const texts = keys.length > 0 ? await live.client.hmget(`${box}:items`, ...keys) : []
  const items = texts.flatMap((text) => (text ? [JSON.parse(text) as Item] : []))
  return { total, items: items.map((item) => viewOf(item, settings)) }
}

async function boxOf(live: Live, settings: Settings, alias: string): Promise<string> {
  const entry = await entryOrProblem(live, settings, alias)
  return boxKey(settings, entry.home, entry.mailbox)
}

function viewOf(item: Item, settings: Settings): ItemView {
  return {
    id: item.key,
    from: item.from,
    subject: item.subject,
    receivedAt: iso(item.receivedAt),
    size: item.size,
    kind: item.report ? 'report' : 'message',
    report: item.report ? reportView(item, settings) : null,
  }
}

function reportView({ report }: Item, { site: name, domain }: Settings): ReportView {
  if (!report) throw new Error('the item is no report')
  const { subject: _, ...said } = reportOf(failureOf(report, { name, domain }))
  return said
}

async function itemOf(live: Live, settings: Settings, alias: string, id: string): Promise<Item> {
  const box = await boxOf(live, settings, alias)
  const text = await live.client.hget(`${box}:items`, id)
  if (!text) throw problem('unknown-item', `The mailbox ${alias} holds no message "${id}".`)
  return JSON.parse(text) as Item
}

/** As a list shows it. */
export async function getItemView(
  live: Live,
  site: string,
  alias: string,
  id: string,
): Promise<ItemView> {
  const settings = await siteOf(live, site)
  return viewOf(await itemOf(live, settings, alias, id), settings)
}

export async function getItem(
  live: Live,
  site: string,
  alias: string,
  id: string,
): Promise<ItemDetail> {
  const settings = await siteOf(live, site)
  const item = await itemOf(live, settings, alias, id)
  const read = await readRaw(await rawOf(live, settings, alias, item))
  return { ...viewOf(item, settings), ...read }
}

export async function getAttachment(
  live: Live,
  site: string,
  alias: string,
  id: string,
  number: number,
): Promise<File> {
  const file = await readAttachment(await getRaw(live, site, alias, id), number)
  if (!file) throw problem('unknown-item', `The message "${id}" has no attachment ${number}.`)
  return file
}

export async function getRaw(live: Live, site: string, alias: string, id: string): Promise<Raw> {
  const settings = await siteOf(live, site)
  return rawOf(live, settings, alias, await itemOf(live, settings, alias, id))
}

export async function deleteItem(
  live: Live,
  site: string,
  alias: string,
  id: string,
): Promise<void> {
  const settings = await siteOf(live, site)
  const item = await itemOf(live, settings, alias, id)
  const entry = await entryOrProblem(live, settings, alias)
  const to = `mailbox/${entry.home}/${entry.mailbox}`
  await injectAndWait(live, settings, to, 'item.deleted', { item })
  const box = boxKey(settings, entry.home, entry.mailbox)
  if ((await live.client.hexists(`${box}:items`, id)) === 1) {
    throw problem(
      'mailbox-in-transit',
      `The mailbox ${alias} is being moved: nothing is deleted now.`,
    )
  }
}

/** A failure's code in words, for views. */
export const codeText = (code: Code): string =>
  `${code.reason}/${code.diagnostic < 0 ? 'none' : code.diagnostic} ${describe(code)}`
export const codeStatus = statusOf
