/**
 * A whole message in a request: as the body itself, `Content-Type: message/rfc822`, its envelope in
 * the query; or as the member `raw` of the body in JSON. Either is passed on as it comes, and never
 * held here as a whole.
 */
import type { Readable } from 'node:stream'
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { problem } from '../errors.ts'
import { PRINTABLE } from '../mime/encode.ts'
import type { Enveloped } from '../runtime/views-of-mail.ts'
import { checkAddress, checkOriginator } from './address.ts'
import { QueryDuration } from './duration-schema.ts'
import { parserOf } from './json.ts'
import { partJson } from './json-member.ts'
import { ENVELOPE_ID_CHARACTERS_MAX, MESSAGE_BODY_BYTES_MAX, RECIPIENTS_MAX } from './limits.ts'
import { deferral, NOTIFY, PRIORITY } from './message-schema.ts'
import type { Api } from './resource.ts'
import { Name, oneOf, strict } from './schema.ts'
import { checkCount, checkNotify, deferralOf } from './submission.ts'
import { validatorCompiler } from './validation.ts'

export const RAW_TYPE = 'message/rfc822'

/** A body as short as one chunk of a socket is read at once. */
const SHORT_BYTES = 64 * 1024

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

/** The bytes of a message that is still coming in, and what is known of it once they have come. */
export class RawMessage {
  readonly pieces: AsyncIterable<Buffer>
  /** The rest of its body in JSON; null when it is the body itself. */
  readonly around: (() => unknown) | null

  constructor(pieces: AsyncIterable<Buffer>, around: (() => unknown) | null) {
    this.pieces = pieces
    this.around = around
  }
}

/** In this scope a body is JSON, or a whole message. */
export function takeMessages(app: Api): void {
  app.removeAllContentTypeParsers()
  const parse = parserOf(app)
  app.addContentTypeParser(
    'application/json',
    async ({ headers }: FastifyRequest, payload: Readable) => {
      const length = Number(headers['content-length'])
      if (length > MESSAGE_BODY_BYTES_MAX) throw tooLarge()
      const chunks = length <= SHORT_BYTES ? [await whole(payload)] : limited(chunksOf(payload))
      const parted = await partJson(chunks, 'raw')
      if (typeof parted === 'string') return parse(parted)
      return new RawMessage(parted.pieces, () => parse(parted.around()))
    },
  )
  app.addContentTypeParser(
    RAW_TYPE,
    async (_: unknown, payload: Readable) => new RawMessage(chunksOf(payload), null),
  )
}

/** Of a short one: to read a stream piece by piece takes several times as long. */
function whole(payload: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    payload.on('data', (chunk: Buffer) => chunks.push(chunk))
    payload.on('end', () => resolve(Buffer.concat(chunks)))
    payload.on('error', (error) => reject(payload.destroyed ? hungUp() : error))
  })
}

/** A body that is not read to its end is left as it is, so that it can still be answered. */
async function* chunksOf(payload: Readable): AsyncGenerator<Buffer> {
  try {
    yield* payload.iterator({ destroyOnReturn: false })
  } catch (error) {
    throw payload.destroyed ? hungUp() : error
  }
}

async function* limited(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let total = 0
  for await (const chunk of chunks) {
    total += chunk.length
    if (total > MESSAGE_BODY_BYTES_MAX) throw tooLarge()
    yield chunk
  }
}

const hungUp = () => problem('malformed-request', 'the client hung up before its end')
const tooLarge = () => problem('message-too-large', 'the body alone is over the limit')

/** What is still coming in is checked when it is here. */
export const orLater: FastifySchemaCompiler<TSchema> = (route) => {
  const validate = validatorCompiler(route)
  return (value: unknown) => (value instanceof RawMessage ? { value } : validate(value))
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
