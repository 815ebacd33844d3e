/**
 * What the HTTP API answers about mail, mailboxes and lists.
 *
 * Written by test/services/client/api.test.ts from the description of the API: run it
 * with -u, and never edit this.
 */

import type { Priority } from './api-requests.ts'

/** RFC 9457. */
export type Problem = {
  /** Where the code is explained. */
  type: string
  title: string
  status: number
  /** What is wrong with this request. */
  detail: string
  /** The path that was asked for. */
  instance: string
  /** Stable; `/problems` lists them all. */
  code: string
  requestId: string
  errors?: Array<{
    /** JSON Pointer (RFC 6901) to the member. */
    path: string
    message: string
  }>
} & Record<string, unknown>

export type Mailbox = {
  alias: string
  /** The id of the mailbox: a move keeps it. */
  mailbox: string
  addresses: Array<string>
  /** Its home, as the authoritative directory has it. */
  server: string
  alternateRecipient: string | null
  deliverToBoth: boolean
  /** Bytes; null: as many as come. */
  storageLimit: number | null
  /** Of the directory entry. */
  version: number
  move: string | null
  stores: Record<
    string,
    {
      state: string
      messages: number
      /** How much they are; this is held against the limit. */
      bytes: number
      /** In the in-transit folder of a move. */
      inTransit: number
      /** Entries that want to be told when it opens. */
      waiters: number
    }
  >
  replicas: Record<string, { home: string | null; version: number; alternate: string | null }>
  caches: Record<string, { home: string | null; alternate: string | null; ageMs: number } | null>
}

export type Import = {
  created: number
  changed: number
  /** They were as they should be. */
  unchanged: number
  /** Each that could not be written just now, and why; import again. */
  refused: Array<{ alias: string; code: string; detail: string }>
}

export type Prefilled = { accepted: number; stopped: { code: string; detail: string } | null }

export type List = {
  alias: string
  addresses: Array<string>
  members: Array<string>
  reportToOriginator: boolean
  maxBytes: number | null
  /** Whose replica is written first. */
  server: string
  /** Of the directory entry. */
  version: number
  replicas: Record<
    string,
    {
      version: number
      /** How many that replica has. */
      members: number | null
    }
  >
  caches: Record<string, { version: number; members: number; ageMs: number } | null>
}

export type Report = {
  /** RFC 3464: what has happened to the message. */
  action: 'failed' | 'delivered' | 'relayed' | 'expanded' | 'delayed'
  /** The id of the message it is about. */
  about: string
  /** The originally intended recipient. */
  recipient: string
  /** RFC 3463. */
  status: string
  /** X.400 reason code; -1: nothing failed. */
  reason: number
  /** X.400 diagnostic code; -1: none. */
  diagnostic: number
  /** Recipients that failed with this one, each as it is above. */
  others: Array<{ recipient: string; status: string; reason: number; diagnostic: number }>
  text: string
}

export type Item = {
  id: string
  from: string
  subject: string
  /** Site time, ISO 8601. */
  receivedAt: string
  /** Octets. */
  size: number
  kind: 'message' | 'report'
  report: Report | null
}

export type ItemDetail = {
  id: string
  from: string
  subject: string
  /** Site time, ISO 8601. */
  receivedAt: string
  /** Octets. */
  size: number
  kind: 'message' | 'report'
  report: Report | null
  to: Array<string>
  text: string
  html: string
  headers: Record<string, string>
  attachments: Array<{
    /** From 1. */
    number: number
    name: string
    type: string
    /** Octets, decoded. */
    size: number
  }>
  /**
   * Its text and HTML are all there, and all its files. Of texts of over 2 MB, and of
   * what cannot be taken apart, the beginning is shown; `raw` has the rest.
   */
  whole: boolean
}

export type MessageSummary = {
  id: string
  from: string
  subject: string
  /** Site time, ISO 8601. */
  acceptedAt: string
  state: 'pending' | 'settled'
  recipients: number
}

export type Accepted = {
  id: string
  /** One an obligation. */
  recipients: Array<string>
  /**
   * How it is kept. `memory`: until Redis ends. `everysec`: on disk within a second, so
   * a crash of Redis may lose the last one. `always`: on disk before this answer.
   */
  durability: 'memory' | 'everysec' | 'always'
}

export type Outcome =
  | 'delivered'
  | 'redirected'
  | 'expanded'
  | 'reported'
  | 'silenced'
  | 'deadLettered'
  | 'handedOff'
  | 'pending'
  | 'lost'

/** Why an entry is where it is. */
export type WaitsFor = {
  kind: 'timer' | 'event' | 'queue' | 'hold' | 'fault' | 'move' | 'clock' | 'report'
  /** One sentence. */
  text: string
  /** Site time, ISO 8601. */
  due?: string
  queue?: string
  job?: string
}

/** One (recipient, branch) of a message. */
export type Entry = {
  /** The recipient as intended by this branch. */
  address: string
  /** Of the originally addressed recipient, from 1. */
  number: number
  branch: 'own' | 'redirected'
  /** Lists that it is a member of, the outermost first. */
  lists?: Array<string>
  state: string
  outcome: Outcome
  attempts: number
  /** The responsible one last. */
  copies: Array<string>
  report: {
    id: string
    to: string
    /** RFC 3463. */
    status: string
    /** X.400 reason/diagnostic. */
    code: string
    outcome: Outcome
  } | null
  waitsFor: Array<WaitsFor>
}

export type TimelineEntry = {
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
}

export type Message = {
  id: string
  from: string
  subject: string
  priority: Priority
  /** Site time, ISO 8601. */
  acceptedAt: string
  /** Site time, ISO 8601. */
  expiresAt: string
  /** Site time, ISO 8601. */
  deferUntil?: string
  server: string
  state: 'pending' | 'settled'
  reportOf: string | null
  recipients: Array<Entry>
  timeline: Array<TimelineEntry>
}

export type Recipient = { reached: boolean; entries: Array<Entry> }
