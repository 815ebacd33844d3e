/**
 * What an originator is told in a report, and what it asked of that.
 */
import type { Code } from './codes.ts'

/** What the originator asked of reports about the whole message (RFC 3461). */
export interface Asked {
  /** RET: the whole message is returned in a failure report, or its header section. */
  ret?: 'full' | 'headers'
  /** ENVID: the originator's own name for this submission. */
  envelopeId?: string
}

/** What a report tells of that is no failure. */
export type Notice = 'delivered' | 'relayed' | 'expanded' | 'delayed'

/** What a report says of one entry. */
export interface Told {
  /** The entry's key. */
  entry: string
  /** The recipient that the originator named, and the one that failed. */
  recipient: string
  address: string
  code: Code
  failedAt: number
  /** From whom to whom it was redirected before it failed; not there when it was not. */
  history?: string[]
  orcpt?: string
}

/** What a report says. */
export interface ReportFacts extends Told {
  /** Not there: it failed. */
  notice?: Notice
  /** The message that failed. */
  message: string
  /** Entries that failed with the first one; not there when it was alone. */
  others?: Told[]
  subject: string
  sentAt: number
  /** Of a delay: when its message expires. */
  retriedUntil?: number
  server: string
  /** To whom it goes, where that is an address beyond the site. */
  originator?: string
  asked?: Asked
}
