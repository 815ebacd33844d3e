/**
 * A whole message as the body of a request: `Content-Type: message/rfc822`, its envelope in the
 * query. It is passed on as it comes, and never held here as a whole.
 */
import { Readable } from 'node:stream'
import type { FastifySchemaCompiler } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { problem } from '../errors.ts'
import { PRINTABLE } from '../mime/encode.ts'
import type { Enveloped } from '../runtime/views-of-mail.ts'
import { checkAddress, checkOriginator } from './address.ts'
import { QueryDuration } from './duration-schema.ts'
import { ENVELOPE_ID_CHARACTERS_MAX, RECIPIENTS_MAX } from './limits.ts'
import { deferral, NOTIFY, PRIORITY } from './message-schema.ts'
import type { Api } from './resource.ts'
import { Name, oneOf, strict } from './schema.ts'
import { checkCount, checkNotify, deferralOf } from './submission.ts'
import { validatorCompiler } from './validation.ts'

export const RAW_TYPE = 'message/rfc822'

const several = <Item extends TSchema>(item: Item, description: string) =>
  Type.Optional(Type.Union([item, Type.Array(item, { maxItems: RECIPIENTS_MAX })], { description }))

/** The envelope of a message that is the body itself; beside a JSON body nothing of it is given. */
export const EnvelopeQuery = strict({
  from: Type.Optional(Type.String({ description: 'Of a raw message: as in the JSON body.' })),
  to: several(Type.String(), 'Of a raw message: a recipient; once for each.'),
  server: Type.Optional(Name),
  priority: Type.Optional(oneOf([...PRIORITY])),
  notify: several(oneOf([...NOTIFY]), 'Of a raw message: once for each word.'),
  deferUntil: deferral.deferUntil,
  deferFor: Type.Optional(QueryDuration),
  ret: Type.Optional(
    oneOf(['full', 'headers'], { description: 'RFC 3461 RET: what a report returns.' }),
  ),
  envelopeId: Type.Optional(
    Type.String({
      maxLength: ENVELOPE_ID_CHARACTERS_MAX,
      pattern: PRINTABLE.source,
      description: 'RFC 3461 ENVID: printable ASCII.',
    }),
  ),
})

/** Lets a route that is configured with `raw` have the body as a stream. */
export function takeRawMessages(app: Api): void {
  app.addContentTypeParser(RAW_TYPE, (request, payload, done) => {
    if (request.routeOptions.config.raw) return done(null, payload)
    return done(problem('unsupported-media-type', `${RAW_TYPE} is for new messages`))
  })
}

/** A stream is checked as it is read, not by the schema of the JSON body. */
export const orStream: FastifySchemaCompiler<TSchema> = (route) => {
  const validate = validatorCompiler(route)
  return (value: unknown) => (value instanceof Readable ? { value } : validate(value))
}

export function envelopeOf(query: Static<typeof EnvelopeQuery>): Enveloped {
  const { server, priority, ret, envelopeId } = query
  const to = listOf(query.to)
  const notify = query.notify === undefined ? undefined : listOf(query.notify)
  if (query.from === undefined) {
    throw problem('bad-request', 'the query has no "from": a raw message has its envelope there', {
      errors: [{ path: '/from', message: 'is missing' }],
    })
  }
  checkNotify(notify)
  checkCount(to.length)
  to.forEach((address, index) => {
    checkAddress(address, `to/${index}`)
  })
  const asked = { ...(ret && { ret }), ...(envelopeId && { envelopeId }) }
  return {
    from: checkOriginator(query.from),
    to,
    ...(server && { server }),
    ...(priority && { priority }),
    ...(notify && { notify }),
    ...deferralOf({ deferUntil: query.deferUntil, deferFor: query.deferFor }),
    ...(Object.keys(asked).length > 0 && { asked }),
  }
}

const listOf = <Item>(given: Item | Item[] | undefined): Item[] =>
  given === undefined ? [] : ([given].flat() as Item[])
