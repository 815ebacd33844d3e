/**
 * Mailpit's API: what is read. As in Mailpit, a message that is shown counts as read.
 */
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { problem } from '../../errors.ts'
import { headersOf, messageOf, textOf } from '../../mime/mailpit.ts'
import { MAILPIT_PAGE_DEFAULT } from '../limits.ts'
import type { Resource } from '../resource.ts'
import { strict } from '../schema.ts'
import {
  type Counts,
  countsOf,
  find,
  type Listed,
  list,
  page,
  type Shown,
  search,
  show,
} from './inbox.ts'
import {
  MessageId,
  Page,
  PLACES,
  Query,
  schemaAt,
  TimeZone,
  VERSION,
  type Where,
} from './places.ts'

interface List {
  total: number
  start: number
  matching: number
  unread: number
  messages: Listed[]
}

const listOf = ({ total, start, matching, unread, messages }: List, { read, tags }: Counts) => ({
  total,
  unread: total - read,
  count: messages.length,
  messages_count: matching,
  messages_unread: unread,
  start,
  tags,
  messages: messages.map(({ summary }) => summary),
})

const lists: Resource = (app, { emulator }) => {
  for (const place of PLACES) {
    const path = `${place.prefix}/api/v1`
    const paged = {
      ...schemaAt(place, 'messages, the newest first'),
      querystring: strict({ ...Page, ...TimeZone }),
    }
    app.get(`${path}/messages`, { schema: paged }, async ({ params, query }) => {
      const where = params
      const { start = 0, limit = MAILPIT_PAGE_DEFAULT } = query
      const { total, items } = await page(emulator, where, start, limit)
      const counts = await countsOf(emulator, where)
      const messages = await list(emulator, where, items)
      const unread = total - counts.read
      return listOf({ total, start, matching: total, unread, messages }, counts)
    })

    const searched = {
      ...schemaAt(place, 'messages that match, among the newest'),
      querystring: strict({ ...Page, ...TimeZone, query: Query }),
    }
    app.get(`${path}/search`, { schema: searched }, async ({ params, query: asked }) => {
      const where = params
      const { start = 0, limit = MAILPIT_PAGE_DEFAULT, query } = asked
      const { total } = await page(emulator, where, 0, 0)
      const found = await search(emulator, where, query)
      const unread = found.filter(({ mark }) => !mark.read).length
      const messages = found.slice(start, start + limit)
      const all = { total, start, matching: found.length, unread, messages }
      return listOf(all, await countsOf(emulator, where))
    })
  }
}

type WithId = Where & { id: string }

const message: Resource = (app, { emulator }) => {
  const shown = async (where: WithId): Promise<Shown> => {
    const held = await find(emulator, where, where.id)
    await emulator.mark(where.site, held.id, { read: true })
    return show(emulator, where, held)
  }
  for (const place of PLACES) {
    const path = `${place.prefix}/api/v1/message/:id`
    const about = (summary: string, type?: string) =>
      schemaAt(place, summary, { params: { id: MessageId }, ...(type ? { type } : {}) })
    app.get(path, { schema: about('one message') }, async ({ params }) => {
      const { parsed, mark } = await shown(params)
      return messageOf(parsed, mark)
    })
    app.get(`${path}/headers`, { schema: about('its header') }, async ({ params }) => {
      const where = params
      return headersOf((await show(emulator, where, await find(emulator, where, where.id))).parsed)
    })
    const raw = about('its bytes', 'text/plain')
    app.get(`${path}/raw`, { schema: raw }, async ({ params }, reply) => {
      const where = params
      const { id, aliases } = await find(emulator, where, where.id)
      const { size, pieces } = await emulator.rawItem(where.site, aliases[0] as string, id)
      reply.type('text/plain; charset=utf-8').header('content-length', size)
      return reply.send(Readable.from(pieces()) as never)
    })
    const part = schemaAt(place, 'an attachment', {
      params: { id: MessageId, part: Type.String({ maxLength: 9 }) },
      type: 'application/octet-stream',
    })
    app.get(`${path}/part/:part`, { schema: part }, async ({ params }, reply) => {
      const where = params
      const { id, aliases } = await find(emulator, where, where.id)
      const [alias] = aliases as [string]
      const { type, bytes } = await emulator.attachment(where.site, alias, id, Number(where.part))
      return reply.type(type).send(bytes as never)
    })
  }
}

/** `<id>.html` and `<id>.txt`, as Mailpit's own pages show them; here without their pictures. */
const views: Resource = (app, { emulator }) => {
  const file = Type.String({ pattern: '^.{1,255}\\.(?:html|txt)$' })
  for (const place of PLACES) {
    const schema = {
      ...schemaAt(place, 'the HTML or the text of a message', {
        params: { file },
        type: 'text/html',
      }),
      querystring: strict({ embed: Type.Optional(Type.Integer()) }),
    }
    app.get(`${place.prefix}/view/:file`, { schema }, async ({ params }, reply) => {
      const where = params
      const dot = where.file.lastIndexOf('.')
      const held = await find(emulator, where, where.file.slice(0, dot))
      const { email } = (await show(emulator, where, held)).parsed
      if (where.file.endsWith('.txt')) {
        return reply.type('text/plain; charset=utf-8').send(textOf(email) as never)
      }
      if (!email.html) throw problem('unknown-item', 'The message has no HTML.')
      return reply.type('text/html; charset=utf-8').send(email.html as never)
    })
  }
}

/** What Mailpit counts since it was started, and the ledger of a site counts better. */
const UNCOUNTED = {
  ...{ MessagesDeleted: 0, SMTPAccepted: 0, SMTPAcceptedSize: 0 },
  ...{ SMTPRejected: 0, SMTPIgnored: 0 },
}

/** `--smart-host` is the only way out, and no client's affair. */
const NO_RELAY = {
  ...{ Enabled: false, SMTPServer: '', ReturnPath: '', OverrideFrom: '' },
  ...{ AllowedRecipients: '', BlockedRecipients: '', RecipientAllowlist: '' },
  PreserveMessageIDs: false,
}

/** What a client asks of the installation: what of it there is here. */
const about: Resource = (app, { emulator }) => {
  for (const place of PLACES) {
    const path = `${place.prefix}/api/v1`
    app.get(`${path}/info`, { schema: schemaAt(place, 'how much is there') }, async (request) => {
      const where = request.params
      const { total } = await page(emulator, where, 0, 0)
      const { read, tags } = await countsOf(emulator, where)
      return {
        ...{ Version: VERSION, LatestVersion: '', DatabaseSize: 0 },
        Database: [where.site, where.alias ?? []].flat().join('/'),
        ...{ Messages: total, Unread: total - read },
        Tags: Object.fromEntries(tags.map((tag) => [tag, 1])),
        RuntimeStats: {
          ...{ Uptime: Math.floor(process.uptime()), Memory: process.memoryUsage.rss() },
          ...UNCOUNTED,
        },
      }
    })
    const schema = schemaAt(place, 'what it is set up to do')
    app.get(`${path}/webui`, { schema }, async () => ({
      ...{ Label: '', SpamAssassin: false, ChaosEnabled: false, DuplicatesIgnored: false },
      ...{ HideDeleteAllButton: false, MessageRelay: NO_RELAY },
    }))
  }
}

export const reading: Resource[] = [lists, message, views, about]
