/**
 * What is sent to the HTTP API.
 *
 * Written by test/services/client/api.test.ts from the description of the API: run it
 * with -u, and never edit this.
 */

export type NewSite = {
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  name: string
  profile?: Profile
  servers: Array<string>
  mailboxes?: Array<NewMailbox>
  lists?: Array<NewList>
  /** Default: `<name>.example`. */
  domain?: string
  /**
   * HOST:PORT of an SMTP server that is handed what is for addresses beyond the site.
   * Default: the one that the service was started with, if it was.
   */
  smartHost?: string
  ttl?: Duration
}

/** The name of a preset, or an object that extends one and overrides members of it. */
export type Profile = string | ({ extends: string } & Record<string, unknown>)

export type NewMailbox = {
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  alias: string
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  server: string
  /** Further addresses; `<alias>@<domain>` is always there. */
  addresses?: Array<string>
  /** The alias of another mailbox of the site. */
  alternateRecipient?: string | null
  /** Deliver to the alternate and the mailbox, not the alternate only. */
  deliverToBoth?: boolean
  /**
   * Bytes. A mailbox that holds so much takes no more mail: it is refused (5.2.2), or
   * has to wait, as the profile says (`whenFull`).
   */
  storageLimit?: number | null
}

export type NewList = {
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  alias: string
  /**
   * Up to 5,000 aliases of mailboxes and of other lists, and addresses, also beyond the
   * site.
   */
  members: Array<string>
  /** Further addresses; `<alias>@<domain>` is always there. */
  addresses?: Array<string>
  /** Whoever wrote to the list is told of members that fail; else nobody is. */
  reportToOriginator?: boolean
  /** A larger message is not expanded, and its originator is told. */
  maxBytes?: number | null
  /** Whose replica of the directory is written first. Default: the first server. */
  server?: string
}

/** A number of milliseconds, or text: `500ms`, `30s`, `10m`, `1h30m`, `7d`. */
export type Duration = string | number

export type SiteChange = { profile: Profile }

export type NewMailboxes = { mailboxes: Array<NewMailbox> }

export type PutMailbox = {
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  server: string
  /** Further addresses; `<alias>@<domain>` is always there. */
  addresses?: Array<string>
  /** The alias of another mailbox of the site. */
  alternateRecipient?: string | null
  /** Deliver to the alternate and the mailbox, not the alternate only. */
  deliverToBoth?: boolean
  /**
   * Bytes. A mailbox that holds so much takes no more mail: it is refused (5.2.2), or
   * has to wait, as the profile says (`whenFull`).
   */
  storageLimit?: number | null
  /**
   * When the other replicas know: at once, as of a new mailbox, or after the replication
   * delay, as of a change.
   */
  replicate?: 'now' | 'lagged'
  /**
   * As in the raw mode of an administrator: the server is written as it stands and
   * nothing is moved. The store of that server must have the mailbox; the one that had
   * it until then lets go of what it has. Of a mailbox that was deleted elsewhere the
   * entry is made again for what this store still has; if it has nothing, a new one is
   * made.
   */
  raw?: boolean
}

export type Prefill = {
  messages: number
  /** Of the body of each; default: 2048. */
  bytes?: number
}

export type PutList = {
  /**
   * Up to 5,000 aliases of mailboxes and of other lists, and addresses, also beyond the
   * site.
   */
  members: Array<string>
  /** Further addresses; `<alias>@<domain>` is always there. */
  addresses?: Array<string>
  /** Whoever wrote to the list is told of members that fail; else nobody is. */
  reportToOriginator?: boolean
  /** A larger message is not expanded, and its originator is told. */
  maxBytes?: number | null
  /** Whose replica of the directory is written first. Default: the first server. */
  server?: string
  /**
   * When the other replicas know: at once, as of a new list, or after the replication
   * delay, as of a change.
   */
  replicate?: 'now' | 'lagged'
}

export type NewMessage = {
  /** An address or alias, or `""` for the null sender. */
  from: string
  /** 1 to 10,000 addresses or aliases. */
  to: Array<string>
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  server?: string
  /** One line. */
  subject?: string
  /** The body as plain text. */
  text?: string
  /** The body as HTML. */
  html?: string
  /** A whole RFC 5322 message, instead of `subject`, `text` and `html`. */
  raw?: string
  priority?: Priority
  /** RFC 3461 NOTIFY: when a report is wanted. `never` stands alone. */
  notify?: Array<Notify>
  /** Private: no alternate recipient may get it (X.411). */
  reassignmentProhibited?: boolean
  /** No distribution list is to be expanded (X.411). */
  expansionProhibited?: boolean
  /**
   * X.411, deferred-delivery-time: it is held where it was submitted until this moment
   * of site time (RFC 3339), at most 45 days. Its time to expire counts from then.
   */
  deferUntil?: string
  deferFor?: Duration
}

/** Decides how long delivery is tried. */
export type Priority = 'urgent' | 'normal' | 'non-urgent'

export type Notify = 'never' | 'failure' | 'success' | 'delay'

export type NewMove = {
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  mailbox: string
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  to: string
  /** The phase to hold in: the move reaches it and then waits to be released. */
  holdAt?: string
}

export type Release = {
  /** The phase to hold in: the move reaches it and then waits to be released. */
  holdAt?: string
}

export type Empty = Record<string, never>

export type NewBatch = {
  moves: Array<BatchMove>
  /** Moves under way at a time; default: 10. */
  concurrency?: number
}

export type BatchMove = {
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  mailbox: string
  /** 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen */
  to: string
}

export type NewFault = { match?: FaultMatch; when?: FaultWhen; do: FaultDo }

/** All that are given must match; none: every event does. */
export type FaultMatch = {
  event?: string
  kind?: 'message' | 'recipient' | 'slot' | 'mailbox' | 'move' | 'directory'
  server?: string
  mailbox?: string
  message?: string
  recipient?: string
  phase?: string
  attempt?: number
}

/** `always`, or one of `nth`, `first`, `probability` and `seed`, `rate`, a time span. */
export type FaultWhen =
  | 'always'
  | {
      nth?: number
      first?: number
      probability?: number
      /** With `probability`. */
      seed?: number
      /** At most so many a second of site time. */
      rate?: number
      /** Site time, ISO 8601 or milliseconds since the epoch. */
      from?: string | number
      /** Site time, ISO 8601 or milliseconds since the epoch. */
      until?: string | number
    }

/** One of `hold`, `move` with `holdUntil`, `defer`, `refuse`, `delay`, … */
export type FaultDo = {
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
  delay?: Duration
}

export type Restart = { service: 'mta' }

export type RestWanted = {
  within?: Duration
  /** Default: false. */
  advance?: boolean
}

/** Exactly one of its members. */
export type ClockChange = {
  advance?: Duration
  until?: 'idle'
  scale?: number
  stop?: true
  run?: true
}

export type Step = { event?: string }
