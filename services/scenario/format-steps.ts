/**
 * The steps of a scenario: what a person would do, in order.
 */
import Type from 'typebox'
import {
  closed,
  Duration,
  EntryLabel,
  ListFile,
  MailboxFile,
  MoveFile,
  Name,
} from './format-parts.ts'

const optional = Type.Optional

/** A change of a directory entry; `now` spares the delay of replication. */
const PutFile = Type.Object(
  {
    ...MailboxFile.properties,
    replicate: optional(Type.Enum(['now', 'lagged'])),
    raw: optional(Type.Boolean()),
  },
  closed,
)

const PutListFile = Type.Object(
  { ...ListFile.properties, replicate: optional(Type.Enum(['now', 'lagged'])) },
  closed,
)

/**
 * The steps, each an object with this one key (and `refused: <code>` where the refusal is the
 * point).
 */
export const STEPS = {
  send: Type.Object(
    {
      as: Name,
      from: Type.String(),
      to: Type.Array(Type.String(), { minItems: 1 }),
      server: optional(Name),
      text: optional(Type.String()),
      priority: optional(Type.Enum(['urgent', 'normal', 'non-urgent'])),
      notify: optional(Type.Array(Type.Enum(['never', 'failure', 'success', 'delay']))),
      reassignmentProhibited: optional(Type.Boolean()),
      expansionProhibited: optional(Type.Boolean()),
      deferFor: optional(Duration),
      /** Only there to warm a cache: not among the results. */
      background: optional(Type.Boolean()),
    },
    closed,
  ),
  move: MoveFile,
  release: Type.Object({ move: Name, holdAt: optional(Type.String()) }, closed),
  cancel: Type.Object({ move: Name }, closed),
  wait: Type.Object(
    {
      entry: optional(EntryLabel),
      message: optional(Name),
      move: optional(Name),
      fault: optional(Name),
      until: Type.String(),
      timeout: optional(Duration),
    },
    closed,
  ),
  advance: Type.Object(
    {
      by: optional(Duration),
      until: optional(Type.Literal('idle')),
      /** To the moment that lies so long before this entry's next attempt. */
      beforeRetryOf: optional(EntryLabel),
      message: optional(Name),
      less: optional(Duration),
    },
    closed,
  ),
  put: PutFile,
  deleteMailbox: Type.Object({ mailbox: Name }, closed),
  putList: PutListFile,
  deleteList: Type.Object({ list: Name }, closed),
  deleteItem: Type.Object({ mailbox: Name, message: Name }, closed),
  restart: Type.Object({ server: Name }, closed),
  profile: Type.Object({ name: Type.String() }, closed),
  arm: Type.Object({ fault: Name }, closed),
  lift: Type.Object({ fault: Name }, closed),
} as const

/** Messages of one step: each is sent by itself, and searched by itself. */
const PREFILLED_MAX = 1_000
const PREFILLED_BYTES_MAX = 100_000

/** A step that stands for many: so many messages from a mailbox to itself, in the background. */
export const PrefillFile = Type.Object(
  {
    mailbox: Name,
    messages: Type.Integer({ minimum: 1, maximum: PREFILLED_MAX }),
    bytes: optional(Type.Integer({ minimum: 1, maximum: PREFILLED_BYTES_MAX })),
  },
  closed,
)

export function prefilled({ mailbox, messages, bytes }: Type.Static<typeof PrefillFile>): Step[] {
  return Array.from({ length: messages }, (_, i) => {
    const text =
      bytes === undefined
        ? {}
        : {
            text: 'x'
              .repeat(76)
              .concat('\n')
              .repeat(bytes / 77 + 1)
              .slice(0, bytes),
          }
    const as = `prefill-${mailbox}-${i + 1}`
    const value = { as, from: mailbox, to: [mailbox], background: true, ...text }
    return { kind: 'send', value, refused: null }
  })
}

export type StepKind = keyof typeof STEPS
export type StepValue<K extends StepKind> = Type.Static<(typeof STEPS)[K]>
export type Step = {
  [K in StepKind]: { kind: K; value: StepValue<K>; refused: string | null }
}[StepKind]
