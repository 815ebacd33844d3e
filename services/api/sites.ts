/**
 * `/sites`: the unit of isolation. A site has its own servers, profile, clock, faults and ledger.
 */

import { Type } from 'typebox'
import { problem } from '../errors.ts'
import { SERVERS_MAX } from '../runtime/limits.ts'
import type { MailboxSpec, SiteSpec } from '../runtime/views-of-mail.ts'
import { isSmartHost } from '../smart-host/name.ts'
import { checkAddress } from './address.ts'
import { durationMs } from './duration.ts'
import { Duration } from './duration-schema.ts'
import {
  ADDRESS_CHARACTERS_MAX,
  ADDRESSES_MAX,
  MAILBOXES_MAX,
  STORAGE_LIMIT_MAX,
} from './limits.ts'
import { checkList, listMembers } from './lists.ts'
import { quoted } from './quoted.ts'
import type { Resource } from './resource.ts'
import {
  Moment,
  Name,
  Nothing,
  NullableText,
  Refusals,
  SiteParams,
  strict,
  Word,
} from './schema.ts'

const Profile = Type.Union([Word, Type.Object({ extends: Word }, { additionalProperties: true })], {
  title: 'Profile',
  description: 'The name of a preset, or an object that extends one and overrides members of it.',
  examples: ['exchange-5.5-sp3'],
})

/** The members of a mailbox beside its alias; the mailboxes resource takes the same. */
export const mailboxMembers = {
  server: Name,
  addresses: Type.Optional(
    Type.Array(Type.String({ maxLength: ADDRESS_CHARACTERS_MAX }), {
      maxItems: ADDRESSES_MAX,
      description: 'Further addresses; `<alias>@<domain>` is always there.',
    }),
  ),
  alternateRecipient: Type.Optional(
    Type.Union([Name, Type.Null()], { description: 'The alias of another mailbox of the site.' }),
  ),
  deliverToBoth: Type.Optional(
    Type.Boolean({
      description: 'Deliver to the alternate and the mailbox, not the alternate only.',
    }),
  ),
  storageLimit: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: STORAGE_LIMIT_MAX }), Type.Null()], {
      description:
        'Bytes. A mailbox that holds so much takes no more mail: it is refused (5.2.2), or has ' +
        'to wait, as the profile says (`whenFull`).',
    }),
  ),
}

export const NewMailbox = strict({ alias: Name, ...mailboxMembers }, { title: 'NewMailbox' })

const NewSite = strict(
  {
    name: Name,
    profile: Type.Optional(Profile),
    servers: Type.Array(Name, { minItems: 1, maxItems: SERVERS_MAX, uniqueItems: true }),
    mailboxes: Type.Optional(Type.Array(NewMailbox, { maxItems: MAILBOXES_MAX })),
    lists: Type.Optional(
      Type.Array(strict({ alias: Name, ...listMembers }, { title: 'NewList' }), {
        maxItems: MAILBOXES_MAX,
      }),
    ),
    domain: Type.Optional(
      Type.String({ maxLength: ADDRESS_CHARACTERS_MAX, description: 'Default: `<name>.example`.' }),
    ),
    smartHost: Type.Optional(
      Type.String({
        maxLength: ADDRESS_CHARACTERS_MAX,
        description:
          'HOST:PORT of an SMTP server that is handed what is for addresses beyond the site. ' +
          'Default: the one that the service was started with, if it was.',
        examples: ['127.0.0.1:2525'],
      }),
    ),
    ttl: Type.Optional(Duration),
  },
  {
    title: 'NewSite',
    examples: [
      {
        name: 'trial',
        profile: 'exchange-5.5-sp3',
        servers: ['nyc', 'lon'],
        mailboxes: [
          { alias: 'anna', server: 'nyc', alternateRecipient: 'bob', deliverToBoth: true },
          { alias: 'bob', server: 'nyc' },
        ],
        ttl: '1h',
      },
    ],
  },
)

export const Site = Type.Object(
  {
    name: Type.String(),
    domain: Type.String(),
    profile: Type.String(),
    defects: Type.Array(Type.String(), {
      description: 'The defects that the profile switches on.',
    }),
    servers: Type.Array(Type.String()),
    mailboxes: Type.Array(Type.String()),
    lists: Type.Optional(Type.Array(Type.String())),
    paused: Type.Boolean(),
    smartHost: Type.Optional(Type.String()),
    createdAt: Moment,
    expiresAt: NullableText,
    queues: Type.Array(Type.String(), { description: 'Their names under `/queues`.' }),
  },
  { title: 'Site' },
)

const tags = ['sites']

const list: Resource = (app, { emulator }) => {
  app.get(
    '/sites',
    {
      schema: {
        summary: 'All sites',
        tags,
        response: { 200: Type.Object({ sites: Type.Array(Site) }), ...Refusals },
      },
    },
    async () => ({ sites: await emulator.sites() }),
  )
}

const create: Resource = (app, { emulator, quotas }) => {
  app.post(
    '/sites',
    {
      schema: {
        summary: 'Make a site',
        description: 'With a `ttl` it is cleaned away after so much real time.',
        tags,
        body: NewSite,
        response: { 201: Site, ...Refusals },
      },
    },
    async (request, reply) => {
      const { ttl, ...rest } = request.body
      const spec: SiteSpec = rest
      if (spec.domain !== undefined) checkAddress(`postmaster@${spec.domain}`, 'domain')
      if (spec.smartHost !== undefined) checkSmartHost(spec.smartHost)
      for (const mailbox of spec.mailboxes ?? []) checkMailbox(mailbox)
      for (const list of spec.lists ?? []) checkList(list)
      if (ttl !== undefined) spec.ttlMs = durationMs(ttl, 'ttl', { minMs: 1 })
      const make = () => emulator.createSite(spec)
      const site = await quotas.site(spec.name, spec.servers, make)
      return reply.code(201).header('location', `/sites/${site.name}`).send(site)
    },
  )
}

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site',
    {
      schema: {
        summary: 'One site',
        tags,
        params: SiteParams,
        response: { 200: Site, ...Refusals },
      },
    },
    async (request) => emulator.site(request.params.site),
  )
}

const changeProfile: Resource = (app, { emulator }) => {
  app.patch(
    '/sites/:site',
    {
      schema: {
        summary: 'Change the profile of a site',
        description: 'What was decided before stays; every step from now on follows the new one.',
        tags,
        params: SiteParams,
        body: strict({ profile: Profile }, { title: 'SiteChange' }),
        response: { 200: Site, ...Refusals },
      },
    },
    async (request) => emulator.changeProfile(request.params.site, request.body.profile),
  )
}

const remove: Resource = (app, { emulator }) => {
  app.delete(
    '/sites/:site',
    {
      schema: {
        summary: 'Delete a site and all that is in it',
        tags,
        params: SiteParams,
        response: { 204: Nothing, ...Refusals },
      },
    },
    async (request, reply) => {
      await emulator.deleteSite(request.params.site)
      return reply.code(204).send(null)
    },
  )
}

export const sites: Resource[] = [list, create, read, changeProfile, remove]

function checkSmartHost(text: string): void {
  if (isSmartHost(text)) return
  const errors = [{ path: '/smartHost', message: 'is HOST:PORT' }]
  throw problem('bad-request', `${quoted(text)} is no HOST:PORT`, { errors })
}

/** The addresses of a mailbox are addresses. */
export function checkMailbox(mailbox: MailboxSpec): void {
  mailbox.addresses?.forEach((address, index) => {
    checkAddress(address, `addresses/${index}`)
  })
}
