/**
 * Where Mailpit's API is served: below each mailbox, and below each site for all of its mailboxes
 * together.
 */
import { type Static, type TProperties, Type } from 'typebox'
import { ID_CHARACTERS_MAX, PAGE_LIMIT_MAX, SEARCH_CHARACTERS_MAX } from '../limits.ts'
import { Name, Refusals, strict } from '../schema.ts'

/** In the place of Mailpit's version. */
export const VERSION = 'Undeliverable'

/** A mailbox, or with no alias all of a site. */
export interface Where {
  site: string
  alias?: string
}

interface Place {
  prefix: string
  params: TProperties
  /** In a summary. */
  what: string
}

export const PLACES: Place[] = [
  {
    prefix: '/sites/:site/mailboxes/:alias',
    params: { site: Name, alias: Name },
    what: 'a mailbox',
  },
  { prefix: '/sites/:site', params: { site: Name }, what: 'all mailboxes' },
]

/** In Mailpit's own shape, which its documentation describes. */
const AsMailpit = Type.Object({}, { additionalProperties: true })

/** What is sent as it is. */
export const bytes = (type: string) => ({
  200: { description: 'As it is.', content: { [type]: { schema: Type.String() } } },
  ...Refusals,
})

interface About<More extends TProperties> {
  /** Not an object of Mailpit's, but bytes of this type. */
  type?: string
  params?: More
}

/** What all calls have; a query or a body stands beside it. */
export function schemaAt<More extends TProperties = Record<never, never>>(
  place: Place,
  summary: string,
  { type, params }: About<More> = {},
) {
  return {
    summary: `Mailpit, ${place.what}: ${summary}`,
    tags: ['mailpit'],
    params: Type.Unsafe<Where & StaticObject<More>>(strict({ ...place.params, ...params })),
    response: type ? bytes(type) : { 200: AsMailpit, ...Refusals },
  }
}

type StaticObject<Properties extends TProperties> = {
  [K in keyof Properties]: Static<Properties[K]>
}

export const MessageId = Type.String({ minLength: 1, maxLength: ID_CHARACTERS_MAX })

export const Ids = Type.Array(MessageId, { maxItems: PAGE_LIMIT_MAX })

export const Page = {
  start: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: PAGE_LIMIT_MAX })),
}

export const Query = Type.String({ minLength: 1, maxLength: SEARCH_CHARACTERS_MAX })

/** Of dates in a search; they are not searched for here. */
export const TimeZone = { tz: Type.Optional(Type.String({ maxLength: 64 })) }
