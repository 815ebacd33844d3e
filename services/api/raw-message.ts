/**
 * What a request may hold much of: a whole message, as the body itself, `Content-Type:
 * message/rfc822`, with its envelope in the query, or as the member `raw` of the body in JSON; or
 * texts of a message to be made. Either is passed on as it comes, and never held here as a whole.
 */
import type { Readable } from 'node:stream'
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { problem } from '../errors.ts'
import { PRINTABLE } from '../mime/encode.ts'
import type { Incoming, IncomingText, IncomingTexts } from '../runtime/arrival.ts'
import { PIECE_BYTES } from '../runtime/content.ts'
import type { Enveloped } from '../runtime/views-of-mail.ts'
import { checkAddress, checkOriginator } from './address.ts'
import { QueryDuration } from './duration-schema.ts'
import { parserOf } from './json.ts'
import { type Member, type Parted, partJson } from './json-member.ts'
import { ENVELOPE_ID_CHARACTERS_MAX, MESSAGE_BODY_BYTES_MAX, RECIPIENTS_MAX } from './limits.ts'
import { deferral, NOTIFY, PRIORITY } from './message-schema.ts'
import type { Api } from './resource.ts'
import { Name, oneOf, strict } from './schema.ts'
import { checkCount, checkNotify, deferralOf } from './submission.ts'
import { validatorCompiler } from './validation.ts'

export const RAW_TYPE = 'message/rfc822'

/** A body as short as one piece is read at once. */
const SHORT_BYTES = PIECE_BYTES

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

/** A message whose content is still coming in, and what is known of it once it has come. */
export class Coming {
  readonly content: Incoming | IncomingTexts
  /** The rest of its body in JSON; null when the message is the body itself. */
  readonly around: (() => unknown) | null

  constructor(content: Incoming | IncomingTexts, around: (() => unknown) | null) {
    this.content = content
    this.around = around
  }
}

/** In this scope a body is JSON, or a whole message. */
export function takeMessages(app: Api): void {
  app.removeAllContentTypeParsers()
  const parse = parserOf(app)
  app.addContentTypeParser('application/json', async (request: FastifyRequest, body: Readable) => {
    const { chunks, members } = await begun(request, body)
    const parted = await partJson(chunks, members)
    if (typeof parted === 'string') return parse(parted)
    return new Coming(await contentOf(parted), () => parse(parted.around()))
  })
  app.addContentTypeParser(
    RAW_TYPE,
    async (_: unknown, body: Readable) =>
      new Coming({ pieces: chunksOf(body), strict: true }, null),
  )
}

interface Begun {
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>
  /** Those of its members that are taken out. */
  members: readonly string[]
}

const short = (whole: Buffer): Begun => ({ chunks: [whole], members: ['raw'] })

/** The texts of a short body stay where they are. */
async function begun({ headers }: FastifyRequest, body: Readable): Promise<Begun> {
  const length = Number(headers['content-length'])
  if (length > MESSAGE_BODY_BYTES_MAX) throw tooLarge()
  if (length <= SHORT_BYTES) return short(await whole(body))
  const coming = limited(chunksOf(body))
  const held: Buffer[] = []
  // Without a length it may be a short one, and is to be the same message then.
  for (let bytes = 0; Number.isNaN(length) && bytes <= SHORT_BYTES; ) {
    const { value, done } = await coming.next()
    if (done) return short(Buffer.concat(held))
    bytes += value.length
    held.push(value)
  }
  const chunks = async function* () {
    yield* held.splice(0)
    yield* coming
  }
  return { chunks: chunks(), members: ['raw', 'text', 'html'] }
}

/** Of a short one: to read a stream piece by piece takes several times as long. */
function whole(body: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    body.on('data', (chunk: Buffer) => chunks.push(chunk))
    body.on('end', () => resolve(Buffer.concat(chunks)))
    body.on('error', (error) => reject(body.destroyed ? hungUp() : error))
  })
}

/** Texts beside `raw` are read over: such a body is refused when it has ended. */
async function contentOf({ members }: Parted): Promise<Incoming | IncomingTexts> {
  const iterator = members[Symbol.asyncIterator]()
  const first = await iterator.next()
  const isRaw = !first.done && first.value.name === 'raw'
  const wanted = async function* (names: string[]): AsyncGenerator<Member> {
    for (let { done, value } = first; !done; { done, value } = await iterator.next()) {
      if (names.includes(value.name)) yield value
      else for await (const _ of value.pieces);
    }
  }
  if (!isRaw) return { texts: wanted(['text', 'html']) as AsyncGenerator<IncomingText> }
  const pieces = async function* () {
    for await (const raw of wanted(['raw'])) yield* raw.pieces
  }
  return { pieces: pieces(), strict: true }
}

/** A body that is not read to its end is left as it is, so that it can still be answered. */
async function* chunksOf(body: Readable): AsyncGenerator<Buffer> {
  try {
    yield* body.iterator({ destroyOnReturn: false })
  } catch (error) {
    throw body.destroyed ? hungUp() : error
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
  return (value: unknown) => (value instanceof Coming ? { value } : validate(value))
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
