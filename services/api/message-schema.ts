/**
 * The shapes of mail in the API: what is submitted, what is answered, and what is shown of it.
 */

import { Type } from 'typebox'
import { DURABILITIES } from '../redis/durability.ts'
import { Duration } from './duration-schema.ts'
import { RECIPIENTS_MAX, SUBJECT_CHARACTERS_MAX } from './limits.ts'
import {
  Moment,
  Name,
  NullableText,
  OUTCOMES,
  Outcome,
  oneOf,
  strict,
  TimelineEntry,
  WaitsFor,
} from './schema.ts'

/** RFC 3339 §5.6, date-time; whether there is such a day is asked later. */
const DATE_TIME = '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:\\d\\d)$'

export const PRIORITY = ['urgent', 'normal', 'non-urgent'] as const
export const NOTIFY = ['never', 'failure', 'success', 'delay'] as const

const Priority = oneOf([...PRIORITY], {
  title: 'Priority',
  description: 'Decides how long delivery is tried.',
})

const Notify = oneOf([...NOTIFY], { title: 'Notify' })

const text = (description: string) => Type.Optional(Type.String({ description }))

/** When it shall be delivered, of either kind of submission. */
export const deferral = {
  deferUntil: Type.Optional(
    Type.String({
      pattern: DATE_TIME,
      description:
        'X.411, deferred-delivery-time: it is held where it was submitted until this moment of ' +
        'site time (RFC 3339), at most 45 days. Its time to expire counts from then.',
      examples: ['2026-12-01T08:00:00Z'],
    }),
  ),
  deferFor: Type.Optional(Duration),
}

/**
 * The number of recipients and the size have codes of their own, so the schema does not limit
 * them.
 */
export const NewMessage = strict(
  {
    from: Type.String({ description: 'An address or alias, or `""` for the null sender.' }),
    to: Type.Array(Type.String(), {
      description: `1 to ${RECIPIENTS_MAX.toLocaleString('en')} addresses or aliases.`,
    }),
    server: Type.Optional(Name),
    subject: Type.Optional(
      Type.String({
        maxLength: SUBJECT_CHARACTERS_MAX,
        description: 'One line.',
      }),
    ),
    text: text('The body as plain text.'),
    html: text('The body as HTML.'),
    raw: text('A whole RFC 5322 message, instead of `subject`, `text` and `html`.'),
    priority: Type.Optional(Priority),
    notify: Type.Optional(
      Type.Array(Notify, {
        uniqueItems: true,
        default: ['failure'],
        description: 'RFC 3461 NOTIFY: when a report is wanted. `never` stands alone.',
      }),
    ),
    reassignmentProhibited: Type.Optional(
      Type.Boolean({ description: 'Private: no alternate recipient may get it (X.411).' }),
    ),
    expansionProhibited: Type.Optional(
      Type.Boolean({ description: 'No distribution list is to be expanded (X.411).' }),
    ),
    ...deferral,
  },
  {
    title: 'NewMessage',
    examples: [{ from: 'carol', to: ['anna'], subject: 'Lunch?', text: 'At noon.' }],
  },
)

export const Accepted = Type.Object(
  {
    id: Type.String(),
    recipients: Type.Array(Type.String(), { description: 'One an obligation.' }),
    durability: oneOf([...DURABILITIES], {
      description:
        'How it is kept. `memory`: until Redis ends. `everysec`: on disk within a second, so a ' +
        'crash of Redis may lose the last one. `always`: on disk before this answer.',
    }),
  },
  { title: 'Accepted' },
)

export const Entry = Type.Object(
  {
    address: Type.String({ description: 'The recipient as intended by this branch.' }),
    number: Type.Integer({ description: 'Of the originally addressed recipient, from 1.' }),
    branch: oneOf(['own', 'redirected']),
    lists: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Lists that it is a member of, the outermost first.',
      }),
    ),
    state: Type.String(),
    outcome: Outcome,
    attempts: Type.Integer(),
    copies: Type.Array(Type.String(), { description: 'The responsible one last.' }),
    report: Type.Union([
      Type.Object({
        id: Type.String(),
        to: Type.String(),
        status: Type.String({ description: 'RFC 3463.' }),
        code: Type.String({ description: 'X.400 reason/diagnostic.' }),
        outcome: Outcome,
      }),
      Type.Null(),
    ]),
    waitsFor: Type.Array(WaitsFor),
  },
  { title: 'Entry', description: 'One (recipient, branch) of a message.' },
)

const MessageState = oneOf(['pending', 'settled'])

export const Message = Type.Object(
  {
    id: Type.String(),
    from: Type.String(),
    subject: Type.String(),
    priority: Priority,
    acceptedAt: Moment,
    expiresAt: Moment,
    deferUntil: Type.Optional(Moment),
    server: Type.String(),
    state: MessageState,
    reportOf: NullableText,
    recipients: Type.Array(Entry),
    timeline: Type.Array(TimelineEntry),
  },
  { title: 'Message' },
)

export const MessageSummary = Type.Object(
  {
    id: Type.String(),
    from: Type.String(),
    subject: Type.String(),
    acceptedAt: Moment,
    state: MessageState,
    recipients: Type.Integer(),
  },
  { title: 'MessageSummary' },
)

/** The states of a recipient, and `settled`, which is none of them but the end of each. */
const STATES = ['settled', 'queued', 'delivering', 'deferred', 'transferred', 'failed'] as const

/** What a long poll can wait for. */
export const UNTIL = [...STATES, ...OUTCOMES.filter((outcome) => outcome !== 'pending')] as const
