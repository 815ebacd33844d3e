/**
 * What the resources of the API share: names, pages, waits, problems, and the views that more than
 * one of them renders. A schema with a `title` appears under it among the schemas of `/docs`.
 *
 * Rules: a view's schema has exactly the members of its interface in `services/runtime/emulator.ts`
 * (a test compares the types): a serializer drops what a schema does not name. Objects that come in
 * refuse unknown members; `Problem` alone lets them out.
 */

import { type Static, type TProperties, Type } from 'typebox'
import {
  ID_CHARACTERS_MAX,
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  WORD_CHARACTERS_MAX,
} from './limits.ts'

/** An object that a client sends: what is not named here is refused by name. */
export function strict<Properties extends TProperties>(properties: Properties, about: object = {}) {
  return Type.Object(properties, { additionalProperties: false, ...about })
}

/** One of some words. */
export function oneOf<const Words extends string[]>(words: Words, about: object = {}) {
  return Type.Unsafe<Words[number]>({ type: 'string', enum: words, ...about })
}

/** A word of some list that is not known here; what is none of it is told by whoever knows. */
export const Word = Type.String({ minLength: 1, maxLength: WORD_CHARACTERS_MAX })

/** A text or null. */
export const NullableText = Type.Union([Type.String(), Type.Null()])

/** A moment of site time. */
export const Moment = Type.String({ description: 'Site time, ISO 8601.' })

/** The name of a site, a server or an alias. */
export const Name = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
  description: '1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen',
  examples: ['nyc'],
})

export const Id = Type.String({ minLength: 1, maxLength: ID_CHARACTERS_MAX })

export const SiteParams = strict({ site: Name })
export const AliasParams = strict({ site: Name, alias: Name })
export const ServerParams = strict({ site: Name, server: Name })
export const IdParams = strict({ site: Name, id: Id })
export const ItemParams = strict({ site: Name, alias: Name, id: Id })

/** The query of a list; every list of unbounded length has it. */
export const PageQuery = {
  offset: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: 'How many to skip.' })),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT }),
  ),
}

/** The page that a query asks for. */
export function pageOf(query: { offset?: number; limit?: number }) {
  return { offset: query.offset ?? 0, limit: query.limit ?? PAGE_LIMIT_DEFAULT }
}

export const Nothing = Type.Null({ description: 'Done; there is nothing to say.' })

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Where the code is explained.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong with this request.' }),
    instance: Type.String({ description: 'The path that was asked for.' }),
    code: Type.String({ description: 'Stable; `/problems` lists them all.' }),
    requestId: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({ description: 'JSON Pointer (RFC 6901) to the member.' }),
          message: Type.String(),
        }),
      ),
    ),
  },
  { title: 'Problem', additionalProperties: true, description: 'RFC 9457.' },
)

const problemContent = { 'application/problem+json': { schema: Problem } }

/** The refusals of a route, for its `response`. */
export const Refusals = {
  '4xx': { description: 'Refused; `code` says why.', content: problemContent },
  '5xx': { description: 'Not ready, or a fault of the service.', content: problemContent },
}

export const WaitsFor = Type.Object(
  {
    kind: oneOf(['timer', 'event', 'queue', 'hold', 'fault', 'move', 'clock', 'report']),
    text: Type.String({ description: 'One sentence.' }),
    due: Type.Optional(Moment),
    queue: Type.Optional(Type.String()),
    job: Type.Optional(Type.String()),
  },
  { title: 'WaitsFor', description: 'Why an entry is where it is.' },
)

const timelineMembers = {
  position: Type.String({ description: 'Position in the journal: `<shard>:<stream id>`.' }),
  at: Moment,
  actor: Type.String(),
  event: Type.String(),
  who: Type.String({ description: 'For whom it was, in words.' }),
  changes: Type.Array(Type.String(), { description: 'What it changed, in words.' }),
}

export const TimelineEntry = Type.Object(timelineMembers, { title: 'TimelineEntry' })

export const JournalEntry = Type.Object(
  {
    ...timelineMembers,
    message: NullableText,
    eventId: Type.String(),
    traceparent: Type.Optional(
      Type.String({ description: 'The trace context of whoever asked for what it belongs to.' }),
    ),
  },
  { title: 'JournalEntry', description: 'One committed step.' },
)

export const OUTCOMES = [
  'delivered',
  'redirected',
  'expanded',
  'reported',
  'silenced',
  'deadLettered',
  'handedOff',
  'pending',
  'lost',
] as const

export const Outcome = Type.Unsafe<(typeof OUTCOMES)[number]>({
  type: 'string',
  enum: [...OUTCOMES],
  title: 'Outcome',
})

export type Outcome = Static<typeof Outcome>
