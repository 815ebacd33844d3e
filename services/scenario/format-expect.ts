/**
 * The expectations of a scenario: what must hold when the site is at rest.
 */
import Type from 'typebox'
import { closed, EntryLabel, Name, OUTCOMES } from './format-parts.ts'

const optional = Type.Optional
const OutcomeName = Type.Enum([...OUTCOMES])
/** X.400 reason and diagnostic, `1/0`; `0/-1` is a reason without a diagnostic. */
const CodePair = Type.String({ pattern: '^[0-9]+/-?[0-9]+$' })

const Amount = Type.Union([
  Type.Integer({ minimum: 0 }),
  Type.Object({ atLeast: optional(Type.Integer()), atMost: optional(Type.Integer()) }, closed),
])

const ReportFile = Type.Object(
  {
    to: Name,
    naming: Type.String(),
    message: optional(Name),
    status: optional(Type.String()),
    code: optional(CodePair),
    count: optional(Type.Integer({ minimum: 0 })),
  },
  closed,
)

const HoldingFile = Type.Object(
  {
    server: optional(Name),
    /** How many copies of each named message. */
    holds: optional(Type.Record(Name, Type.Integer({ minimum: 0 }))),
    reports: optional(Type.Integer({ minimum: 0 })),
    total: optional(Type.Integer({ minimum: 0 })),
  },
  closed,
)

const AUDIT_COUNTS = [
  'obligations',
  'accepted',
  'delivered',
  'reported',
  'silenced',
  'deadLettered',
  'handedOff',
  'pending',
  'lost',
  'duplicated',
  'falseReports',
] as const
export type AuditCount = (typeof AUDIT_COUNTS)[number]

/** What must hold at rest, for the profiles named, or for all. */
export const ExpectFile = Type.Object(
  {
    for: optional(Type.Array(Type.String(), { minItems: 1 })),
    /** The message that the entries belong to; the first one sent that is not background. */
    message: optional(Name),
    /** An outcome, or several of which one must be true. */
    entries: optional(Type.Record(EntryLabel, Type.Union([OutcomeName, Type.Array(OutcomeName)]))),
    /** States that an entry went through, in this order; others may lie between. */
    path: optional(Type.Record(EntryLabel, Type.Array(Type.String()))),
    attempts: optional(Type.Record(EntryLabel, Amount)),
    reports: optional(Type.Array(ReportFile)),
    mailboxes: optional(Type.Record(Name, HoldingFile)),
    moves: optional(Type.Record(Name, Type.String())),
    audit: optional(
      Type.Object(
        Object.fromEntries(
          AUDIT_COUNTS.map((count) => [count, optional(Type.Integer({ minimum: 0 }))]),
        ),
        closed,
      ),
    ),
    faults: optional(Type.Record(Name, Amount)),
  },
  closed,
)

export type Expect = Type.Static<typeof ExpectFile> & {
  audit?: Partial<Record<AuditCount, number>>
}
export type AmountRule = Type.Static<typeof Amount>
