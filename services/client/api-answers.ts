/**
 * What else the HTTP API answers.
 *
 * Written by test/services/client/api.test.ts from the description of the API: run it
 * with -u, and never edit this.
 */

import type { WaitsFor } from './api-mail.ts'
import type { Audit } from './api-moves.ts'
import type { FaultMatch, FaultWhen } from './api-requests.ts'

export type Site = {
  name: string
  domain: string
  profile: string
  /** The defects that the profile switches on. */
  defects: Array<string>
  servers: Array<string>
  mailboxes: Array<string>
  lists?: Array<string>
  paused: boolean
  smartHost?: string
  /** Site time, ISO 8601. */
  createdAt: string
  expiresAt: string | null
  /** Their names under `/queues`. */
  queues: Array<string>
}

export type Fault = {
  id: string
  match?: FaultMatch
  when?: FaultWhen
  do: {
    hold?: true
    move?: {
      /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
      mailbox: string
      /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
      to: string
      /** The phase to hold in: the move reaches it and then waits to be released. */
      holdAt?: string
    }
    holdUntil?: string
    /**
     * The store puts the offer off, the next MTA the transfer (`copy.transferred`), or the
     * MTA has no session for its store (`mail.submitted`).
     */
    defer?: true
    refuse?: {
      /** X.400. */
      reason: number
      /** X.400. */
      diagnostic: number
    }
    delayMs?: number
    loseReply?: true
    readStale?: true
    /**
     * The worker's process is killed there: the step is made and not committed; committed,
     * and nothing has left; its first job has left; all have left, and its own is not
     * done. The event comes again. Once an event.
     */
    die?: 'before commit' | 'after commit' | 'in the flush' | 'before the acknowledgement'
    /** The step is committed, and the event is taken once more. Once an event. */
    again?: true
  }
  /** Events that it was applied to. */
  hits: number
  /** Events that it holds now. */
  holding: Array<string>
}

export type BundleStep = {
  /** Position in the journal: `<shard>:<stream id>`. */
  p: string
  /** The id of the event. */
  i: string
  /** Site time. */
  a: number
  /** The actor that the event was for. */
  t: string
  /** The type of the event. */
  y: string
  /** The actor in words. */
  w: string
  /** What it changed, in words. */
  c: Array<string>
  /** Each actor that it changed, with the name of its state. */
  s: Array<Array<unknown>>
  /** The message that it concerns. */
  m?: string
  /** Of an event from outside: what was asked for. */
  e?: Record<string, unknown>
  /** What fault rules did to it. */
  f?: Record<string, unknown>
  /** The traceparent of whoever asked for it. */
  x?: string
}

export type AcceptedMessage = {
  header: { id: string; originator: string } & Record<string, unknown>
  server: string
  acceptedAt: number
  recipients: Array<{ number: number; address: string; original: string } & Record<string, unknown>>
}

export type Bundle = {
  /** The version of the format. */
  v: 1
  site: string
  domain: string
  /** Site time. */
  takenAt: number
  /** A digest of the machines' sources. */
  machines: string
  versions: { undeliverable: string; node: string; bullmq: string }
  profile: {
    name: string
    defects: Array<string>
    whenUnknown: string
    openRetries: number
    transferRetries: number
  } & Record<string, unknown>
  clock: { at: number; real: number; scale: number }
  topology: {
    servers: Array<string>
    /** As the directory has them. */
    mailboxes: Array<{ alias: string; home: string } & Record<string, unknown>>
  }
  history: {
    /** Site time. */
    madeAt: number
    mailboxes: Array<{ alias: string; server: string } & Record<string, unknown>> | null
    /** Changes of profile, restarts of MTAs: each after which positions. */
    changes: Array<{ after: Array<string>; what: string } & Record<string, unknown>>
  }
  journal: {
    shards: number
    /** Older steps are not here. */
    trimmed: boolean
    /** Where each shard begins. */
    from: Array<string>
    steps: Array<BundleStep>
  }
  /** Each actor at the journal's end: version and state. */
  actors: Record<string, Array<unknown>>
  accepted: {
    /** Older messages that are not here. */
    leftOut: number
    messages: Array<AcceptedMessage>
  }
  audit: Audit
}

export type TrackingLogs = {
  /** `yyyymmdd.log`, GMT, site time. */
  logs: Array<string>
  /** There are more before these. */
  earlier: boolean
  /** What happened before is no longer kept; null when all of it is. */
  trimmedBefore: string | null
}

export type Clock = {
  /** Site time, ISO 8601. */
  now: string
  mode: 'running' | 'stopped'
  /** Seconds of site time in a second. */
  scale: number
  nextDue: string | null
}

export type Advanced = {
  /** Site time, ISO 8601. */
  now: string
  mode: 'running' | 'stopped'
  /** Seconds of site time in a second. */
  scale: number
  nextDue: string | null
  advancedMs: number
  /** Why it is not idle; empty when it is. */
  blockedBy: Array<WaitsFor>
  /** Timers that came due. */
  fired: number
}

export type HeldEvent = {
  id: string
  queue: string
  type: string
  /** The address of the actor. */
  to: string
  text: string
}

/** One committed step. */
export type JournalEntry = {
  /** Position in the journal: `<shard>:<stream id>`. */
  position: string
  /** Site time, ISO 8601. */
  at: string
  actor: string
  event: string
  /** For whom it was, in words. */
  who: string
  /** What it changed, in words. */
  changes: Array<string>
  message: string | null
  eventId: string
  /** The trace context of whoever asked for what it belongs to. */
  traceparent?: string
}

export type Ready = {
  ready: boolean
  /** `ok`, or what is wrong: redis, durability, and each role of the workers. */
  checks: Record<string, string>
  /** Absent while Redis does not answer. */
  durability?: {
    mode: 'memory' | 'everysec' | 'always'
    /** What 202 means on this Redis. */
    promise: string
    /** Whose word is waited for before 202, beside that of Redis itself. */
    waitsFor: Array<string>
    /** What the server does not tell. */
    unknown: Array<string>
  }
}
