/**
 * Mailpit's API: `send` submits a message to the site. What Mailpit would keep for itself goes the
 * way of all mail here; its clients expect to find it at once, so it is waited for a little.
 */
import { Type } from 'typebox'
import { composeSent } from '../../mime/mailpit.ts'
import type { Emulator } from '../../runtime/emulator.ts'
import { checkHeaderValue } from '../address.ts'
import {
  ATTACHMENTS_MAX,
  MAILPIT_SEND_MS,
  MESSAGE_BODY_BYTES_MAX,
  SUBJECT_CHARACTERS_MAX,
} from '../limits.ts'
import { type Resource, signalOf } from '../resource.ts'
import { strict } from '../schema.ts'
import { submissionOf } from '../submission.ts'
import { Tags } from './changing.ts'
import { PLACES, schemaAt } from './places.ts'

const Person = strict({ Email: Type.String(), Name: Type.Optional(Type.String()) })
const People = Type.Optional(Type.Array(Person))

const Attachment = strict({
  Content: Type.String({ pattern: '^[A-Za-z0-9+/\\r\\n]*={0,2}[\\r\\n]*$' }),
  Filename: Type.String({ maxLength: 255 }),
  ContentType: Type.Optional(Type.String({ pattern: '^[\\w.+-]+/[\\w.+-]+$', maxLength: 127 })),
  ContentID: Type.Optional(Type.String({ maxLength: 255 })),
})

const Message = strict({
  From: Person,
  To: People,
  Cc: People,
  Bcc: Type.Optional(Type.Array(Type.String())),
  ReplyTo: People,
  Subject: Type.Optional(Type.String({ maxLength: SUBJECT_CHARACTERS_MAX })),
  Text: Type.Optional(Type.String()),
  HTML: Type.Optional(Type.String()),
  Headers: Type.Optional(Type.Record(Type.String({ maxLength: 76 }), Type.String())),
  Attachments: Type.Optional(Type.Array(Attachment, { maxItems: ATTACHMENTS_MAX })),
  Tags: Type.Optional(Tags),
})

const send: Resource = (app, { emulator, closing }) => {
  for (const place of PLACES) {
    const schema = { ...schemaAt(place, 'submit a message to the site'), body: Message }
    app.post(
      `${place.prefix}/api/v1/send`,
      {
        bodyLimit: MESSAGE_BODY_BYTES_MAX,
        config: { tooLarge: 'message-too-large' },
        schema,
      },
      async ({ params, body }, reply) => {
        const { From, To = [], Cc = [], Bcc = [], Attachments = [], Tags: tags = [] } = body
        const to = [...[...To, ...Cc].map(({ Email }) => Email), ...Bcc]
        const files = Attachments.flatMap(({ Filename, ContentID = '' }) => [Filename, ContentID])
        for (const value of [...Object.entries(body.Headers ?? {}).flat(), ...files]) {
          checkHeaderValue(value, 'Headers')
        }
        const envelope = submissionOf({ from: From.Email, to, subject: body.Subject ?? '' })
        const incoming = { pieces: [await composeSent(body)], strict: true }
        const { id } = await emulator.accept(params.site, envelope, undefined, incoming)
        if (tags.length > 0) await emulator.mark(params.site, id, { tags })
        await settled(emulator, params.site, id, to, signalOf(reply, closing))
        return { ID: id }
      },
    )
  }
}

/** Until all have it, or ended otherwise; not for long, since a site may be paused. */
async function settled(
  emulator: Emulator,
  site: string,
  id: string,
  to: string[],
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + MAILPIT_SEND_MS
  for (const address of to) {
    const timeoutMs = deadline - Date.now()
    if (timeoutMs <= 0 || signal.aborted) return
    await emulator.recipient(site, id, address, { until: 'settled', timeoutMs, signal })
  }
}

export const sending: Resource[] = [send]
