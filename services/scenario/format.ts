/**
 * The format of a scenario: what a file under `test/scenarios/` may say.
 *
 * A scenario is data. It names a site, the faults that may happen in it, the steps that a person
 * would take, and what must hold when the site is at rest. Nothing in it is code, so the same file
 * can be played live, simulated or searched. Names are local to the file: a message is named by
 * `as`, a fault by its key, a move by its mailbox.
 *
 * Each schema here is closed (no unknown keys), so that a misspelt word is an error and never a
 * silent default.
 */
import Type from 'typebox'
import { type Expect, ExpectFile } from './format-expect.ts'
import { closed, Duration, ListFile, MailboxFile, MoveFile, Name } from './format-parts.ts'
import type { Step } from './format-steps.ts'

const optional = Type.Optional

const SiteFile = Type.Object(
  {
    servers: Type.Array(Name, { minItems: 1 }),
    mailboxes: Type.Array(MailboxFile, { minItems: 1 }),
    lists: optional(Type.Array(ListFile)),
    /** What differs from the profile that is played, in the words of a profile. */
    profile: optional(Type.Record(Type.String(), Type.Unknown())),
  },
  closed,
)

/** A fault rule: match × when × do. It is there from the start unless a step arms it. */
export const FaultFile = Type.Object(
  {
    match: optional(
      Type.Object(
        {
          event: optional(Type.String()),
          kind: optional(Type.String()),
          server: optional(Name),
          mailbox: optional(Name),
          message: optional(Name),
          recipient: optional(Type.String()),
          phase: optional(Type.String()),
          attempt: optional(Type.Integer({ minimum: 1 })),
        },
        closed,
      ),
    ),
    when: optional(
      Type.Object(
        {
          nth: optional(Type.Integer({ minimum: 1 })),
          first: optional(Type.Integer({ minimum: 1 })),
          probability: optional(Type.Number({ minimum: 0, maximum: 1 })),
          seed: optional(Type.Integer()),
          rate: optional(Type.Number({ minimum: 0 })),
        },
        closed,
      ),
    ),
    do: Type.Object(
      {
        hold: optional(Type.Literal(true)),
        move: optional(MoveFile),
        holdUntil: optional(Type.String()),
        defer: optional(Type.Literal(true)),
        refuse: optional(
          Type.Object({ reason: Type.Integer(), diagnostic: Type.Integer() }, closed),
        ),
        delay: optional(Duration),
        loseReply: optional(Type.Literal(true)),
        readStale: optional(Type.Literal(true)),
      },
      closed,
    ),
    /** True when the scenario also makes sense without a hit. */
    mayMiss: optional(Type.Boolean()),
  },
  closed,
)

export const ScenarioFile = Type.Object(
  {
    name: Name,
    title: Type.String(),
    /** The articles and standards that it plays. */
    source: Type.Array(Type.String(), { minItems: 1 }),
    /** What is published and what is ours. */
    basis: optional(Type.Array(Type.String())),
    profiles: Type.Array(Type.String(), { minItems: 1 }),
    /** Stopped by default: time passes only where a step says so. */
    clock: optional(Type.Enum(['stopped', 'running'])),
    site: SiteFile,
    faults: optional(Type.Record(Name, FaultFile)),
    steps: Type.Array(Type.Record(Type.String(), Type.Unknown()), { minItems: 1 }),
    expect: Type.Array(ExpectFile, { minItems: 1 }),
  },
  closed,
)

export type FaultRule = Type.Static<typeof FaultFile>
type ScenarioData = Type.Static<typeof ScenarioFile>

/** A scenario as the rest of the program sees it: checked, its steps told apart. */
export interface Scenario extends Omit<ScenarioData, 'steps' | 'expect' | 'faults'> {
  steps: Step[]
  expect: Expect[]
  faults: Record<string, FaultRule>
}
