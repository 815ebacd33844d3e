/**
 * `/sites/:site/mailboxes/:alias/messages`: what has arrived in a mailbox, reports included.
 */

import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { plain } from '../mime/header.ts'
import { durationMs } from './duration.ts'
import { QueryDuration } from './duration-schema.ts'
import { ATTACHMENTS_MAX, SEARCH_CHARACTERS_MAX, WAIT_MS_MAX } from './limits.ts'
import { askedBy, type Resource, signalOf } from './resource.ts'
import {
  AliasParams,
  ItemParams,
  Moment,
  Nothing,
  oneOf,
  PageQuery,
  pageOf,
  Refusals,
  strict,
} from './schema.ts'

const Report = Type.Object(
  {
    action: oneOf(['failed', 'delivered', 'relayed', 'expanded', 'delayed'], {
      description: 'RFC 3464: what has happened to the message.',
    }),
    about: Type.String({ description: 'The id of the message it is about.' }),
    recipient: Type.String({ description: 'The originally intended recipient.' }),
    status: Type.String({ description: 'RFC 3463.' }),
    reason: Type.Integer({ description: 'X.400 reason code; -1: nothing failed.' }),
    diagnostic: Type.Integer({ description: 'X.400 diagnostic code; -1: none.' }),
    others: Type.Array(
      Type.Object({
        recipient: Type.String(),
        status: Type.String(),
        reason: Type.Integer(),
        diagnostic: Type.Integer(),
      }),
      { description: 'Recipients that failed with this one, each as it is above.' },
    ),
    text: Type.String(),
  },
  { title: 'Report' },
)

const itemMembers = {
  id: Type.String(),
  from: Type.String(),
  subject: Type.String(),
  receivedAt: Moment,
  size: Type.Integer({ description: 'Octets.' }),
  kind: oneOf(['message', 'report']),
  report: Type.Union([Report, Type.Null()]),
}

export const Item = Type.Object(itemMembers, { title: 'Item' })

export const ItemDetail = Type.Object(
  {
    ...itemMembers,
    to: Type.Array(Type.String()),
    text: Type.String(),
    html: Type.String(),
    headers: Type.Record(Type.String(), Type.String()),
    attachments: Type.Array(
      Type.Object({
        number: Type.Integer({ description: 'From 1.' }),
        name: Type.String(),
        type: Type.String(),
        size: Type.Integer({ description: 'Octets, decoded.' }),
      }),
    ),
    whole: Type.Boolean({
      description:
        'Its text and HTML are all there, and all its files. Of texts of over 2 MB, and ' +
        'of what cannot be taken apart, the beginning is shown; `raw` has the rest.',
    }),
  },
  { title: 'ItemDetail' },
)

const tags = ['mailboxes']

const part = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: SEARCH_CHARACTERS_MAX, description }))

const SearchQuery = {
  from: part('A part of the sender.'),
  subject: part('A part of the subject.'),
  text: part('Words of the text, or of the HTML.'),
  header: part('A field, or a field and a part of its value: `X-Test: 7`.'),
  after: part('The id of a message: only what came after it.'),
  wait: Type.Optional({ ...QueryDuration, description: 'At most 60 s; ask again to wait on.' }),
}

const list: Resource = (app, { emulator, quotas, closing }) => {
  app.get(
    '/sites/:site/mailboxes/:alias/messages',
    {
      schema: {
        summary: 'What a mailbox holds, the oldest first; with a search, what matches',
        description:
          'With `wait` it is answered as soon as something matches; when the time runs out, with ' +
          'nothing. `after` is the id of the last message that was seen.',
        tags,
        params: AliasParams,
        querystring: strict({ ...PageQuery, ...SearchQuery }),
        response: {
          200: Type.Object({ total: Type.Integer(), items: Type.Array(Item) }),
          ...Refusals,
        },
      },
    },
    async (request, reply) => {
      const { site, alias } = request.params
      const { wait, offset: _, limit: __, ...search } = request.query
      const query = { ...pageOf(request.query), search }
      if (wait !== undefined) {
        const timeoutMs = durationMs(wait, 'wait', { maxMs: WAIT_MS_MAX })
        quotas.wait(reply)
        const signal = signalOf(reply, closing)
        return emulator.items(site, alias, { ...query, wait: { timeoutMs, signal } })
      }
      const all = Object.keys(search).length === 0
      return emulator.items(site, alias, all ? pageOf(request.query) : query)
    },
  )
}

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/mailboxes/:alias/messages/:id',
    {
      schema: {
        summary: 'One of them, with its text, its header and the names of its files',
        tags,
        params: ItemParams,
        response: { 200: ItemDetail, ...Refusals },
      },
    },
    async (request) => {
      const { site, alias, id } = request.params
      return emulator.item(site, alias, id)
    },
  )
}

const readRaw: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/mailboxes/:alias/messages/:id/raw',
    {
      schema: {
        summary: 'One of them, as it is on the wire',
        tags,
        params: ItemParams,
        response: {
          200: {
            description: 'RFC 5322.',
            content: { 'message/rfc822': { schema: Type.String() } },
          },
          ...Refusals,
        },
      },
    },
    async (request, reply) => {
      const { site, alias, id } = request.params
      const raw = await emulator.rawItem(site, alias, id)
      reply.type('message/rfc822').header('content-length', raw.size)
      return reply.send(Readable.from(raw.pieces()) as never)
    },
  )
}

const readAttachment: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/mailboxes/:alias/messages/:id/attachments/:number',
    {
      schema: {
        summary: 'A file that came with it, decoded',
        tags,
        params: strict({
          ...ItemParams.properties,
          number: Type.Integer({ minimum: 1, maximum: ATTACHMENTS_MAX }),
        }),
        response: {
          200: {
            description: 'Its bytes, as the type that the message says.',
            content: { 'application/octet-stream': { schema: Type.String() } },
          },
          ...Refusals,
        },
      },
    },
    async (request, reply) => {
      const { site, alias, id, number } = request.params
      const { name, type, bytes } = await emulator.attachment(site, alias, id, number)
      reply.type(type).header('content-disposition', dispositionOf(name))
      return reply.send(bytes as never)
    },
  )
}

/** RFC 6266: a browser keeps it as a file, and never shows it as a page of ours. */
function dispositionOf(name: string): string {
  const encoded = encodeURIComponent(plain(name)).replace(/['()*!]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16)}`
  })
  return encoded === '' ? 'attachment' : `attachment; filename*=UTF-8''${encoded}`
}

const remove: Resource = (app, { emulator }) => {
  app.delete(
    '/sites/:site/mailboxes/:alias/messages/:id',
    {
      schema: {
        summary: 'Remove it, as the user of the mailbox would',
        tags,
        params: ItemParams,
        response: { 204: Nothing, ...Refusals },
      },
    },
    async (request, reply) => {
      const { site, alias, id } = request.params
      await askedBy(request, emulator).deleteItem(site, alias, id)
      return reply.code(204).send(null)
    },
  )
}

export const items: Resource[] = [list, read, readRaw, readAttachment, remove]
