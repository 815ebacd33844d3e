/**
 * What a mailbox holds as it is on the wire: the trace of this copy, then the message's bytes, or a
 * report about another message. Streamed: a large message is never here as a whole.
 */
import { messageOfItem } from '../../machines/item-keys.ts'
import { type Item, OUTSIDE } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import type { Bytes } from '../mime/apart.ts'
import { compose, composeLong, type Facts, type Parts } from '../mime/compose.ts'
import { headerFacts } from '../mime/header.ts'
import { type Original, renderReport } from '../mime/report.ts'
import { traceOf } from '../mime/trace.ts'
import type { Client } from './commit.ts'
import { type BroughtBy, type Content, readContent } from './content.ts'
import { contentKey } from './keys.ts'
import type { Live } from './live-parts.ts'
import type { Settings } from './settings.ts'

/** Bytes, and how many they are. */
export type Raw = Bytes

export const rawOf = (
  { client }: Pick<Live, 'client'>,
  settings: Settings,
  alias: string,
  item: Item,
): Promise<Raw> => composed(client, settings, alias, item, { onward: false })

/** As it leaves the site: `Return-Path` is for whoever delivers it (RFC 5321 §4.4). */
export async function onwardOf(
  { client }: Pick<Live, 'client'>,
  settings: Settings,
  item: Item,
): Promise<Raw> {
  return composed(client, settings, OUTSIDE, item, { onward: true })
}

async function composed(
  client: Client,
  settings: Settings,
  alias: string,
  item: Item,
  { onward }: { onward: boolean },
): Promise<Raw> {
  const key = contentKey(settings, item.report?.message ?? item.key)
  const content = await readContent(client, key)
  const { broughtBy, ...body } = await bodyOf(settings, alias, item, content)
  const whole = traceBefore(settings, item, broughtBy, body)
  const trace = onward ? whole.subarray(whole.indexOf('\n') + 1) : whole
  return {
    size: trace.length + body.size,
    async *pieces() {
      yield trace
      yield* body.pieces()
    },
  }
}

interface Body extends Bytes {
  broughtBy: BroughtBy | null
  /** It begins with something else than a header section. */
  headless?: boolean
}

async function bodyOf(
  settings: Settings,
  alias: string,
  item: Item,
  content: Content | null,
): Promise<Body> {
  if (item.report) {
    const original = content && (await originalOf(settings, item, content))
    const { site: name, domain } = settings
    const id = item.key.replaceAll('~', '.')
    const to = item.report.originator ?? alias
    const made = renderReport(id, to, item.report, original, { name, domain })
    return { ...made, broughtBy: null }
  }
  if (!content) throw problem('unknown-item', `The content of "${item.key}" is no longer kept.`)
  if ('kept' in content) {
    return { ...content.kept, headless: headerFacts(content.kept.first).wrong !== undefined }
  }
  return composedOf(content, factsOf(messageOfItem(item.key), item.sentAt, settings))
}

async function originalOf(settings: Settings, item: Item, content: Content): Promise<Original> {
  if ('kept' in content) return content.kept
  const { message = '', sentAt = 0 } = item.report ?? {}
  return composedOf(content, factsOf(message, sentAt, settings))
}

async function composedOf(
  { parts, long }: Extract<Content, { parts: Parts }>,
  facts: Facts,
): Promise<Original & { broughtBy: null }> {
  if (Object.keys(long).length === 0) return whole(await compose(parts, facts))
  return { ...(await composeLong(parts, long, facts)), broughtBy: null }
}

const whole = (bytes: Buffer): Original & { broughtBy: null } => ({
  size: bytes.length,
  first: bytes,
  broughtBy: null,
  async *pieces() {
    yield bytes
  },
})

const factsOf = (key: string, at: number, { domain }: Settings): Facts => ({
  id: key.replaceAll('~', '.'),
  at,
  domain,
})

function traceBefore(
  { domain }: Settings,
  { key, from, via, report }: Item,
  broughtBy: BroughtBy | null,
  { headless }: { headless?: boolean },
): Buffer {
  if (!via) return Buffer.alloc(0)
  const id = key.replaceAll('~', '.')
  const otherwise = report ? 'local' : 'HTTP'
  const trace = traceOf({ id, from, domain, via, broughtBy, otherwise })
  return Buffer.from(headless ? `${trace}\r\n` : trace)
}

export async function collect({ size, pieces }: Raw): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const piece of pieces()) all.push(piece)
  return Buffer.concat(all, size)
}
