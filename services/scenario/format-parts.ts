/**
 * The parts that the formats of the data files share: names, durations, outcomes, mailboxes, moves.
 */
import Type from 'typebox'

const optional = Type.Optional

/** No unknown keys: a misspelt word is an error, never a silent default. */
export const closed = { additionalProperties: false }

/** The aliases of mailboxes, servers, faults and messages. */
export const Name = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' })
/** `250ms`, `30s`, `10m`, `2h`, `7d`. */
export const Duration = Type.String({ pattern: '^[0-9]+(ms|s|m|h|d)$' })
/** One entry of a message, as a person says it: `anna own`, `bob redirected`. */
export const EntryLabel = Type.String({ pattern: '^\\S+ (own|redirected)$' })

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

export const MailboxFile = Type.Object(
  {
    alias: Name,
    server: optional(Name),
    addresses: optional(Type.Array(Type.String())),
    alternateRecipient: optional(Type.Union([Name, Type.Null()])),
    deliverToBoth: optional(Type.Boolean()),
    storageLimit: optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])),
  },
  closed,
)

export const ListFile = Type.Object(
  {
    alias: Name,
    members: Type.Array(Type.String()),
    addresses: optional(Type.Array(Type.String())),
    reportToOriginator: optional(Type.Boolean()),
    maxBytes: optional(Type.Integer({ minimum: 1 })),
  },
  closed,
)
export type ListOfFile = Type.Static<typeof ListFile>

export const MoveFile = Type.Object(
  { mailbox: Name, to: Name, holdAt: optional(Type.String()) },
  closed,
)

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration that the schema has accepted. */
export function durationMs(text: string): number {
  const match = /^([0-9]+)(ms|s|m|h|d)$/.exec(text)
  const unit = UNITS[match?.[2] ?? '']
  if (!match || unit === undefined) throw new RangeError(`not a duration: ${text}`)
  return Number(match[1]) * unit
}
