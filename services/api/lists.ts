/**
 * `/sites/:site/lists`: distribution lists, entries of the directory like mailboxes' ones.
 */

import { Type } from 'typebox'
import { LIST_MEMBERS_MAX } from '../../machines/expansion.ts'
import type { ListSpec } from '../runtime/views-of-mail.ts'
import { checkAddress } from './address.ts'
import { ADDRESS_CHARACTERS_MAX, ADDRESSES_MAX, MESSAGE_BYTES_MAX } from './limits.ts'
import { askedBy, type Resource } from './resource.ts'
import { AliasParams, Name, Nothing, oneOf, Refusals, SiteParams, strict } from './schema.ts'

/** The members of a list beside its alias; a new site takes the same. */
export const listMembers = {
  members: Type.Array(Type.String({ maxLength: ADDRESS_CHARACTERS_MAX }), {
    description:
      `Up to ${LIST_MEMBERS_MAX.toLocaleString('en')} aliases of mailboxes and of other lists, ` +
      'and addresses, also beyond the site.',
  }),
  addresses: Type.Optional(
    Type.Array(Type.String({ maxLength: ADDRESS_CHARACTERS_MAX }), {
      maxItems: ADDRESSES_MAX,
      description: 'Further addresses; `<alias>@<domain>` is always there.',
    }),
  ),
  reportToOriginator: Type.Optional(
    Type.Boolean({
      default: true,
      description: 'Whoever wrote to the list is told of members that fail; else nobody is.',
    }),
  ),
  maxBytes: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: MESSAGE_BYTES_MAX }), Type.Null()], {
      description: 'A larger message is not expanded, and its originator is told.',
    }),
  ),
  server: Type.Optional(
    Type.Unsafe<string>({
      ...Name,
      description: 'Whose replica of the directory is written first. Default: the first server.',
    }),
  ),
}

export const List = Type.Object(
  {
    alias: Type.String(),
    addresses: Type.Array(Type.String()),
    members: Type.Array(Type.String()),
    reportToOriginator: Type.Boolean(),
    maxBytes: Type.Union([Type.Integer(), Type.Null()]),
    server: Type.String({ description: 'Whose replica is written first.' }),
    version: Type.Integer({ description: 'Of the directory entry.' }),
    replicas: Type.Record(
      Type.String(),
      Type.Object({
        version: Type.Integer(),
        members: Type.Union([Type.Integer(), Type.Null()], {
          description: 'How many that replica has.',
        }),
      }),
    ),
    caches: Type.Record(
      Type.String(),
      Type.Union([
        Type.Object({ version: Type.Integer(), members: Type.Integer(), ageMs: Type.Number() }),
        Type.Null(),
      ]),
    ),
  },
  { title: 'List' },
)

const PutList = strict(
  {
    ...listMembers,
    replicate: Type.Optional(
      oneOf(['now', 'lagged'], {
        description:
          'When the other replicas know: at once, as of a new list, or after the replication ' +
          'delay, as of a change.',
      }),
    ),
  },
  { title: 'PutList', examples: [{ members: ['anna', 'bob', 'dave@far.example'] }] },
)

const tags = ['lists']

const all: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/lists',
    {
      schema: {
        summary: 'All distribution lists of a site',
        tags,
        params: SiteParams,
        response: { 200: Type.Object({ lists: Type.Array(List) }), ...Refusals },
      },
    },
    async (request) => ({ lists: await emulator.lists(request.params.site) }),
  )
}

const put: Resource = (app, { emulator }) => {
  app.put(
    '/sites/:site/lists/:alias',
    {
      schema: {
        summary: 'Make a distribution list, or change it',
        description: 'The body is the whole list: a member that is left out has its default.',
        tags,
        params: AliasParams,
        body: PutList,
        response: { 200: List, 201: List, ...Refusals },
      },
    },
    async (request, reply) => {
      const { site, alias } = request.params
      const { replicate, ...given } = request.body
      const spec: ListSpec = { alias, ...given }
      checkList(spec)
      const { created, list } = await askedBy(request, emulator).putList(site, spec, replicate)
      if (!created) return reply.code(200).send(list)
      return reply.code(201).header('location', `/sites/${site}/lists/${alias}`).send(list)
    },
  )
}

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/lists/:alias',
    {
      schema: {
        summary: 'One distribution list, as the directory and the caches see it',
        tags,
        params: AliasParams,
        response: { 200: List, ...Refusals },
      },
    },
    async (request) => emulator.list(request.params.site, request.params.alias),
  )
}

const remove: Resource = (app, { emulator }) => {
  app.delete(
    '/sites/:site/lists/:alias',
    {
      schema: {
        summary: 'Delete a distribution list',
        description: 'What was expanded before goes on to its members.',
        tags,
        params: AliasParams,
        response: { 204: Nothing, ...Refusals },
      },
    },
    async (request, reply) => {
      await askedBy(request, emulator).deleteList(request.params.site, request.params.alias)
      return reply.code(204).send(null)
    },
  )
}

export const lists: Resource[] = [all, put, read, remove]

/** Its addresses are addresses, and so are those of its members that are no aliases. */
export function checkList({ members, addresses = [] }: ListSpec): void {
  addresses.forEach((address, index) => {
    checkAddress(address, `addresses/${index}`)
  })
  members.forEach((member, index) => {
    checkAddress(member, `members/${index}`)
  })
}
