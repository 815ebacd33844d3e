/**
 * `/sites/:site/mailboxes`: the entries of the directory, with what each store, each replica and
 * each cache believes of them.
 */

import { Type } from 'typebox'
import { problem } from '../errors.ts'
import { callerOf } from '../trace-context.ts'
import {
  MAILBOXES_MAX,
  PREFILL_ALL_BYTES_MAX,
  PREFILL_BYTES_DEFAULT,
  PREFILL_BYTES_MAX,
  PREFILL_MESSAGES_MAX,
} from './limits.ts'
import { askedBy, type Resource } from './resource.ts'
import {
  AliasParams,
  Nothing,
  NullableText,
  oneOf,
  Refusals,
  SiteParams,
  strict,
} from './schema.ts'
import { checkMailbox, mailboxMembers, NewMailbox } from './sites.ts'

export const Mailbox = Type.Object(
  {
    alias: Type.String(),
    mailbox: Type.String({ description: 'The id of the mailbox: a move keeps it.' }),
    addresses: Type.Array(Type.String()),
    server: Type.String({ description: 'Its home, as the authoritative directory has it.' }),
    alternateRecipient: NullableText,
    deliverToBoth: Type.Boolean(),
    storageLimit: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Bytes; null: as many as come.',
    }),
    version: Type.Integer({ description: 'Of the directory entry.' }),
    move: NullableText,
    stores: Type.Record(
      Type.String(),
      Type.Object({
        state: Type.String(),
        messages: Type.Integer(),
        bytes: Type.Integer({ description: 'How much they are; this is held against the limit.' }),
        inTransit: Type.Integer({ description: 'In the in-transit folder of a move.' }),
        waiters: Type.Integer({ description: 'Entries that want to be told when it opens.' }),
      }),
    ),
    replicas: Type.Record(
      Type.String(),
      Type.Object({ home: NullableText, version: Type.Integer(), alternate: NullableText }),
    ),
    caches: Type.Record(
      Type.String(),
      Type.Union([
        Type.Object({ home: NullableText, alternate: NullableText, ageMs: Type.Number() }),
        Type.Null(),
      ]),
    ),
  },
  { title: 'Mailbox' },
)

const PutMailbox = strict(
  {
    ...mailboxMembers,
    replicate: Type.Optional(
      oneOf(['now', 'lagged'], {
        description:
          'When the other replicas know: at once, as of a new mailbox, or after the replication ' +
          'delay, as of a change.',
      }),
    ),
    raw: Type.Optional(
      Type.Boolean({
        description:
          'As in the raw mode of an administrator: the server is written as it stands and ' +
          'nothing is moved. The store of that server must have the mailbox; the one that had ' +
          'it until then lets go of what it has. Of a mailbox that was deleted elsewhere the ' +
          'entry is made again for what this store still has; if it has nothing, a new one is ' +
          'made.',
      }),
    ),
  },
  {
    title: 'PutMailbox',
    examples: [{ server: 'nyc', alternateRecipient: 'bob', deliverToBoth: true }],
  },
)

const tags = ['mailboxes']

const list: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/mailboxes',
    {
      schema: {
        summary: 'All mailboxes of a site',
        tags,
        params: SiteParams,
        response: { 200: Type.Object({ mailboxes: Type.Array(Mailbox) }), ...Refusals },
      },
    },
    async (request) => ({ mailboxes: await emulator.mailboxes(request.params.site) }),
  )
}

const put: Resource = (app, { emulator }) => {
  app.put(
    '/sites/:site/mailboxes/:alias',
    {
      schema: {
        summary: 'Make a mailbox, or change its directory entry',
        description:
          'The body is the whole entry: a member that is left out has its default. The server ' +
          'of a mailbox that exists is changed by a move, or in `raw` mode.',
        tags,
        params: AliasParams,
        body: PutMailbox,
        response: { 200: Mailbox, 201: Mailbox, ...Refusals },
      },
    },
    async (request, reply) => {
      const { site, alias } = request.params
      const { replicate, raw = false, ...entry } = request.body
      const spec = { alias, ...entry }
      checkMailbox(spec)
      const by = askedBy(request, emulator)
      const { created, mailbox } = await by.putMailbox(site, spec, replicate, raw)
      if (!created) return reply.code(200).send(mailbox)
      const location = `/sites/${site}/mailboxes/${alias}`
      return reply.code(201).header('location', location).send(mailbox)
    },
  )
}

const Prefilled = Type.Object(
  {
    accepted: Type.Integer(),
    stopped: Type.Union([Type.Object({ code: Type.String(), detail: Type.String() }), Type.Null()]),
  },
  { title: 'Prefilled' },
)

const Import = Type.Object(
  {
    created: Type.Integer(),
    changed: Type.Integer(),
    unchanged: Type.Integer({ description: 'They were as they should be.' }),
    refused: Type.Array(
      Type.Object({ alias: Type.String(), code: Type.String(), detail: Type.String() }),
      { description: 'Each that could not be written just now, and why; import again.' },
    ),
  },
  { title: 'Import' },
)

const importAll: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/mailboxes',
    {
      schema: {
        summary: 'Make many mailboxes at once, or change their directory entries',
        description:
          'All are checked before the first is written: what is wrong in the list changes ' +
          'nothing. They may be alternates of one another. Asked again it goes on where it was.',
        tags,
        params: SiteParams,
        body: strict(
          { mailboxes: Type.Array(NewMailbox, { minItems: 1, maxItems: MAILBOXES_MAX }) },
          { title: 'NewMailboxes', examples: [{ mailboxes: [{ alias: 'ann', server: 'nyc' }] }] },
        ),
        response: { 200: Import, ...Refusals },
      },
    },
    async (request) => {
      const { mailboxes } = request.body
      mailboxes.forEach(checkMailbox)
      return askedBy(request, emulator).importMailboxes(request.params.site, mailboxes)
    },
  )
}

const prefill: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/mailboxes/:alias/prefill',
    {
      schema: {
        summary: 'Send many messages to a mailbox, so that there is something to move',
        description:
          'Each is accepted, routed and delivered as any other message, from the mailbox to ' +
          'itself, and each is an obligation of the ledger; a mailbox with an alternate passes ' +
          'it on. `stopped` says why it was not all of them.',
        tags,
        params: AliasParams,
        body: strict(
          {
            messages: Type.Integer({ minimum: 1, maximum: PREFILL_MESSAGES_MAX }),
            bytes: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: PREFILL_BYTES_MAX,
                description: `Of the body of each; default: ${PREFILL_BYTES_DEFAULT}.`,
              }),
            ),
          },
          { title: 'Prefill', examples: [{ messages: 100, bytes: 2_000 }] },
        ),
        response: { 202: Prefilled, ...Refusals },
      },
    },
    async (request, reply) => {
      const { site, alias } = request.params
      const { messages, bytes = PREFILL_BYTES_DEFAULT } = request.body
      if (messages * bytes > PREFILL_ALL_BYTES_MAX) {
        const most = `${PREFILL_ALL_BYTES_MAX / (1024 * 1024)} MB`
        throw problem('bad-request', `One call sends ${most} at most: messages × bytes.`)
      }
      const spec = { messages, bytes, ...callerOf(request) }
      return reply.code(202).send(await emulator.prefill(site, alias, spec))
    },
  )
}

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/mailboxes/:alias',
    {
      schema: {
        summary: 'One mailbox, as the directory, the stores and the caches see it',
        tags,
        params: AliasParams,
        response: { 200: Mailbox, ...Refusals },
      },
    },
    async (request) => emulator.mailbox(request.params.site, request.params.alias),
  )
}

const remove: Resource = (app, { emulator }) => {
  app.delete(
    '/sites/:site/mailboxes/:alias',
    {
      schema: {
        summary: 'Delete a mailbox',
        description: 'Mail on its way to it is reported or dead-lettered, never dropped.',
        tags,
        params: AliasParams,
        response: { 204: Nothing, ...Refusals },
      },
    },
    async (request, reply) => {
      await askedBy(request, emulator).deleteMailbox(request.params.site, request.params.alias)
      return reply.code(204).send(null)
    },
  )
}

export const mailboxes: Resource[] = [list, put, importAll, prefill, read, remove]
