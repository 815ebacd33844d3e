/**
 * `/sites/:site/mailboxes/:alias/api/v1`: one mailbox as Mailpit shows its own. A client that was
 * written for Mailpit needs only this prefix for its base URL.
 *
 * Served are info, messages (list, delete), search, and message with headers, raw and part, and
 * send. Not served are tags, read states, releases, checks and the websocket: nothing here has
 * them. The newest comes first, as in Mailpit; `latest` is the id of the newest.
 */
import { Type } from 'typebox'
import { problem } from '../errors.ts'
import {
  composeSent,
  headersOf,
  isMeant,
  messageOf,
  type Parsed,
  parse,
  partOf,
  summaryOf,
} from '../mime/mailpit.ts'
import type { Emulator } from '../runtime/emulator.ts'
import { collect } from '../runtime/raw.ts'
import type { ItemView } from '../runtime/views-of-mail.ts'
import { checkHeaderValue } from './address.ts'
import {
  ID_CHARACTERS_MAX,
  MAILPIT_PAGE_DEFAULT,
  MAILPIT_SEARCHED_MAX,
  MESSAGE_BODY_BYTES_MAX,
  PAGE_LIMIT_MAX,
  SEARCH_CHARACTERS_MAX,
} from './limits.ts'
import type { Resource } from './resource.ts'
import { AliasParams, Name, Refusals, strict } from './schema.ts'
import { submissionOf } from './submission.ts'

const PREFIX = '/sites/:site/mailboxes/:alias/api/v1'
const tags = ['mailpit']

/** In Mailpit's own shape, which its documentation describes. */
const AsMailpit = Type.Object({}, { additionalProperties: true })

const Id = Type.String({ minLength: 1, maxLength: ID_CHARACTERS_MAX })
const MessageParams = strict({ site: Name, alias: Name, id: Id })

const Page = {
  start: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: PAGE_LIMIT_MAX })),
}

type Box = { site: string; alias: string }

async function parsed(emulator: Emulator, { site, alias }: Box, item: ItemView): Promise<Parsed> {
  return parse(item, await collect(await emulator.rawItem(site, alias, item.id)))
}

/** So many of the newest, the newest first. */
async function newest(emulator: Emulator, box: Box, start: number, limit: number) {
  const { total } = await emulator.items(box.site, box.alias, { offset: 0, limit: 1 })
  const end = Math.max(0, total - start)
  const offset = Math.max(0, end - limit)
  const query = { offset, limit: end - offset }
  const { items } = await emulator.items(box.site, box.alias, query)
  return { total, items: query.limit === 0 ? [] : items.reverse() }
}

/** Of an id, or of `latest`. */
async function find(emulator: Emulator, { id, ...box }: Box & { id: string }): Promise<Parsed> {
  const { items } = id === 'latest' ? await newest(emulator, box, 0, 1) : { items: [] }
  const item = id === 'latest' ? items[0] : await emulator.item(box.site, box.alias, id)
  if (!item) throw problem('unknown-item', `The mailbox ${box.alias} is empty.`)
  return parsed(emulator, box, item)
}

const listOf = (total: number, start: number, matching: number, messages: Parsed[]) => ({
  total,
  unread: total,
  count: messages.length,
  messages_count: matching,
  messages_unread: matching,
  start,
  tags: [],
  messages: messages.map(summaryOf),
})

const info: Resource = (app, { emulator }) => {
  app.get(
    `${PREFIX}/info`,
    { schema: { summary: 'Mailpit: the mailbox', tags, params: AliasParams, response: both() } },
    async ({ params }) => {
      const { total } = await emulator.items(params.site, params.alias, { offset: 0, limit: 1 })
      const counts = { Messages: total, Unread: total, Tags: {} }
      return { Version: 'Undeliverable', Database: `${params.site}/${params.alias}`, ...counts }
    },
  )
}

/** What is sent as it is. */
const bytes = (type: string) => ({
  200: { description: 'As it is.', content: { [type]: { schema: Type.String() } } },
  ...Refusals,
})

const both = () => ({ 200: AsMailpit, ...Refusals })

const list: Resource = (app, { emulator }) => {
  app.get(
    `${PREFIX}/messages`,
    {
      schema: {
        summary: 'Mailpit: messages, the newest first',
        tags,
        params: AliasParams,
        querystring: strict(Page),
        response: both(),
      },
    },
    async ({ params, query }) => {
      const { start = 0, limit = MAILPIT_PAGE_DEFAULT } = query
      const { total, items } = await newest(emulator, params, start, limit)
      const messages = await inTurn(items, (item) => parsed(emulator, params, item))
      return listOf(total, start, total, messages)
    },
  )
}

/** One at a time: a page of large messages must not be in memory at once undecoded. */
async function inTurn<One, Made>(all: One[], make: (one: One) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = []
  for (const one of all) made.push(await make(one))
  return made
}

const search: Resource = (app, { emulator }) => {
  app.get(
    `${PREFIX}/search`,
    {
      schema: {
        summary: 'Mailpit: messages that match',
        tags,
        params: AliasParams,
        querystring: strict({
          ...Page,
          query: Type.String({ minLength: 1, maxLength: SEARCH_CHARACTERS_MAX }),
        }),
        response: both(),
      },
    },
    async ({ params, query }) => {
      const { start = 0, limit = MAILPIT_PAGE_DEFAULT } = query
      const { total, items } = await newest(emulator, params, 0, MAILPIT_SEARCHED_MAX)
      const found: Parsed[] = []
      for (const item of items) {
        const message = await parsed(emulator, params, item)
        if (isMeant(message, query.query)) found.push(message)
      }
      return listOf(total, start, found.length, found.slice(start, start + limit))
    },
  )
}

const read: Resource = (app, { emulator }) => {
  const path = `${PREFIX}/message/:id`
  const about = (summary: string) => ({ summary: `Mailpit: ${summary}`, tags })
  const schema = { params: MessageParams, response: both() }
  app.get(path, { schema: { ...about('one message'), ...schema } }, async ({ params }) =>
    messageOf(await find(emulator, params)),
  )
  app.get(`${path}/headers`, { schema: { ...about('its header'), ...schema } }, async (request) =>
    headersOf(await find(emulator, request.params)),
  )
  app.get(
    `${path}/raw`,
    { schema: { ...about('its bytes'), params: MessageParams, response: bytes('text/plain') } },
    async ({ params }, reply) => {
      const { id } = await find(emulator, params)
      const raw = await emulator.rawItem(params.site, params.alias, id)
      return reply.type('text/plain; charset=utf-8').send((await collect(raw)) as never)
    },
  )
  app.get(
    `${path}/part/:part`,
    {
      schema: {
        ...about('an attachment'),
        params: strict({ ...paramsOfPart }),
        response: bytes('application/octet-stream'),
      },
    },
    async ({ params }, reply) => {
      const { part, ...message } = params
      const found = partOf(await find(emulator, message), part)
      if (!found) throw problem('unknown-item', `The message has no part "${part}".`)
      return reply.type(found.type).send(found.bytes as never)
    },
  )
}

const paramsOfPart = { site: Name, alias: Name, id: Id, part: Type.String({ maxLength: 9 }) }

const remove: Resource = (app, { emulator }) => {
  app.delete(
    `${PREFIX}/messages`,
    {
      schema: {
        summary: 'Mailpit: delete these messages, or all',
        tags,
        params: AliasParams,
        body: strict({ IDs: Type.Optional(Type.Array(Id, { maxItems: PAGE_LIMIT_MAX })) }),
        response: bytes('text/plain'),
      },
    },
    async ({ params: { site, alias }, body }, reply) => {
      const all = async () =>
        (await emulator.items(site, alias, { offset: 0, limit: PAGE_LIMIT_MAX })).items
      const named = body.IDs ?? []
      let ids = named.length > 0 ? named : (await all()).map(({ id }) => id)
      while (ids.length > 0) {
        for (const id of ids) await emulator.deleteItem(site, alias, id)
        ids = named.length > 0 ? [] : (await all()).map(({ id }) => id)
      }
      return reply.type('text/plain').send('ok')
    },
  )
}

const Person = strict({ Email: Type.String(), Name: Type.Optional(Type.String()) })

const send: Resource = (app, { emulator }) => {
  app.post(
    `${PREFIX}/send`,
    {
      bodyLimit: MESSAGE_BODY_BYTES_MAX,
      config: { tooLarge: 'message-too-large' },
      schema: {
        summary: 'Mailpit: submit a message to the site',
        tags,
        params: AliasParams,
        body: strict({
          From: Person,
          To: Type.Optional(Type.Array(Person)),
          Cc: Type.Optional(Type.Array(Person)),
          Bcc: Type.Optional(Type.Array(Type.String())),
          Subject: Type.Optional(Type.String({ maxLength: SEARCH_CHARACTERS_MAX })),
          Text: Type.Optional(Type.String()),
          HTML: Type.Optional(Type.String()),
          Headers: Type.Optional(Type.Record(Type.String({ maxLength: 76 }), Type.String())),
        }),
        response: both(),
      },
    },
    async ({ params, body }) => {
      const { From, To = [], Cc = [], Bcc = [] } = body
      const to = [...[...To, ...Cc].map(({ Email }) => Email), ...Bcc]
      for (const [name, value] of Object.entries(body.Headers ?? {})) {
        checkHeaderValue(`${name}${value}`, 'Headers')
      }
      const envelope = submissionOf({ from: From.Email, to, subject: body.Subject ?? '' })
      const incoming = { pieces: [await composeSent(body)], strict: true }
      return { ID: (await emulator.accept(params.site, envelope, undefined, incoming)).id }
    },
  )
}

export const mailpit: Resource[] = [info, list, search, read, remove, send]
