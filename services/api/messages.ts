/**
 * `/sites/:site/messages`: mail that was accepted, and every entry of it.
 *
 * Rules: 202 means that the message is accepted and kept as `durability` says; a repeated
 * `Idempotency-Key` with the same body gets the first answer again. A long poll that ends without
 * having seen what it waited for is no error: 200 with `reached: false`.
 */

import { type Static, Type } from 'typebox'
import { problem } from '../errors.ts'
import type { Incoming, IncomingTexts } from '../runtime/arrival.ts'
import type { Enveloped } from '../runtime/views-of-mail.ts'
import { callerOf } from '../trace-context.ts'
import { durationMs } from './duration.ts'
import { QueryDuration } from './duration-schema.ts'
import {
  IDEMPOTENCY_KEY_CHARACTERS_MAX,
  PATH_SEGMENT_CHARACTERS_MAX,
  WAIT_MS_DEFAULT,
  WAIT_MS_MAX,
} from './limits.ts'
import { Accepted, Entry, Message, MessageSummary, NewMessage, UNTIL } from './message-schema.ts'
import {
  Coming,
  EnvelopeQuery,
  envelopeOf,
  orLater,
  RAW_TYPE,
  takeMessages,
} from './raw-message.ts'
import { type Api, type Resource, signalOf } from './resource.ts'
import { IdParams, oneOf, PageQuery, pageOf, Refusals, SiteParams, strict } from './schema.ts'
import { submissionOf } from './submission.ts'
import { validatorCompiler } from './validation.ts'

const KeyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: `^[\\x21-\\x7e]{1,${IDEMPOTENCY_KEY_CHARACTERS_MAX}}$`,
      description: `1 to ${IDEMPOTENCY_KEY_CHARACTERS_MAX} visible ASCII characters`,
    }),
  ),
})

const RecipientParams = strict({
  ...IdParams.properties,
  address: Type.String({ minLength: 1, maxLength: PATH_SEGMENT_CHARACTERS_MAX }),
})

const WaitQuery = strict({
  until: Type.Optional(
    oneOf([...UNTIL], {
      description:
        'Wait until an entry is, or has been, in this state or has this outcome; `settled`: ' +
        'all of them are.',
    }),
  ),
  timeout: Type.Optional({ ...QueryDuration, default: '30s' }),
})

const tags = ['messages']

const submit: Resource = (app, { emulator }) => {
  app.register(async (scope: Api) => {
    takeMessages(scope)
    scope.post(
      '/sites/:site/messages',
      {
        validatorCompiler: orLater,
        schema: {
          summary: 'Submit a message',
          description:
            'The same address twice in `to` is one obligation. With an `Idempotency-Key` a ' +
            'repeated request is answered as the first was, with `Idempotency-Replayed: true`. ' +
            'A whole message may be sent as it is, as `message/rfc822`; its envelope is then in ' +
            'the query.',
          tags,
          consumes: ['application/json', RAW_TYPE],
          params: SiteParams,
          querystring: EnvelopeQuery,
          headers: KeyHeader,
          body: NewMessage,
          response: { 202: Accepted, ...Refusals },
        },
      },
      async (request, reply) => {
        const { site } = request.params
        const given = givenBy(request.body, request.query, callerOf(request))
        const key = request.headers['idempotency-key']
        // Refused before its end, what is still to come is not waited for.
        if (given.incoming) reply.header('connection', 'close')
        const accepting = emulator.accept(site, given.submission, key, given.incoming)
        const { replayed, ...accepted } = await accepting
        reply.removeHeader('connection')
        if (replayed) reply.header('idempotency-replayed', 'true')
        reply.header('location', `/sites/${site}/messages/${encodeURIComponent(accepted.id)}`)
        return reply.code(202).send(accepted)
      },
    )
  })
}

type Envelope = Static<typeof EnvelopeQuery>
type NewBody = Static<typeof NewMessage>
interface Given {
  submission: Enveloped | (() => Enveloped)
  incoming?: Incoming | IncomingTexts
}

/** What a body and a query say together. */
function givenBy(body: unknown, query: Envelope, caller: ReturnType<typeof callerOf>): Given {
  if (!(body instanceof Coming)) {
    checkNoEnvelope(query)
    return { submission: { ...submissionOf(body as NewBody), ...caller } }
  }
  const { content: incoming, around } = body
  if (!around) return { submission: { ...envelopeOf(query), ...caller }, incoming }
  checkNoEnvelope(query)
  return { submission: () => ({ ...submissionOf(newBody(around())), ...caller }), incoming }
}

const validate = validatorCompiler({ schema: NewMessage } as never)

/** What came around long members, held against the schema as any other body is before. */
function newBody(body: unknown): NewBody {
  const { error } = validate(body) as { error?: Error }
  if (error) throw error
  return body as NewBody
}

/** What stands in the query beside a JSON body would be overlooked. */
function checkNoEnvelope(query: object): void {
  const given = Object.keys(query)
  if (given.length === 0) return
  throw problem('bad-request', `the envelope is in the JSON body; leave ${given.join(', ')} out`, {
    errors: given.map((name) => ({ path: `/${name}`, message: 'is in the body' })),
  })
}

const list: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/messages',
    {
      schema: {
        summary: 'Messages that were accepted, the newest first',
        tags,
        params: SiteParams,
        querystring: strict({ state: Type.Optional(oneOf(['pending', 'settled'])), ...PageQuery }),
        response: {
          200: Type.Object({ total: Type.Integer(), messages: Type.Array(MessageSummary) }),
          ...Refusals,
        },
      },
    },
    async (request) => {
      const { state } = request.query
      const query = { ...pageOf(request.query), ...(state && { state }) }
      return emulator.messages(request.params.site, query)
    },
  )
}

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/messages/:id',
    {
      schema: {
        summary: 'One message: every entry, its timeline, and what it waits for',
        tags,
        params: IdParams,
        response: { 200: Message, ...Refusals },
      },
    },
    async (request) => emulator.message(request.params.site, request.params.id),
  )
}

const readRecipient: Resource = (app, { emulator, quotas, closing }) => {
  app.get(
    '/sites/:site/messages/:id/recipients/:address',
    {
      schema: {
        summary: 'The entries of one recipient; with `until` it waits for them',
        description:
          'Answers 200 in any case: `reached` says whether it came to that within `timeout` ' +
          '(at most 60 s; ask again to wait on).',
        tags,
        params: RecipientParams,
        querystring: WaitQuery,
        response: {
          200: Type.Object(
            { reached: Type.Boolean(), entries: Type.Array(Entry) },
            { title: 'Recipient' },
          ),
          ...Refusals,
        },
      },
    },
    async (request, reply) => {
      const { site, id, address } = request.params
      const { until, timeout } = request.query
      const timeoutMs = durationMs(timeout ?? WAIT_MS_DEFAULT, 'timeout', { maxMs: WAIT_MS_MAX })
      if (!until) return emulator.recipient(site, id, address)
      quotas.wait(reply)
      const signal = signalOf(reply, closing)
      return emulator.recipient(site, id, address, { until, timeoutMs, signal })
    },
  )
}

export const messages: Resource[] = [submit, list, read, readRecipient]
