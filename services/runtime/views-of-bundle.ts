/**
 * The shape of a bundle: everything about a site that is needed to judge it elsewhere, in one file.
 *
 * Times are milliseconds of site time since the epoch, as the journal has them.
 */
import type { DirectoryEntry } from '../../machines/cache.ts'
import type { Profile } from '../../machines/profile.ts'
import type { EntryRecord, Header } from '../../machines/wire.ts'
import type { History } from './history.ts'
import type { JournalRecord } from './port.ts'
import type { Audit } from './views-of-driving.ts'

/** The most that a bundle takes along; the newest are kept. */
export interface BundleLimits {
  steps: number
  /** Recipients of accepted messages. */
  recipients: number
}

/** A step with its position in the journal: `<shard>:<stream id>`. */
export type BundleStep = { p: string } & JournalRecord

export interface AcceptedMessage {
  header: Header
  server: string
  acceptedAt: number
  recipients: EntryRecord[]
}

export interface Bundle {
  /** Of the format. */
  v: 1
  site: string
  domain: string
  takenAt: number
  /** A digest of the machines' sources. */
  machines: string
  versions: { undeliverable: string; node: string; bullmq: string }
  profile: Profile
  clock: { at: number; real: number; scale: number }
  topology: { servers: string[]; mailboxes: DirectoryEntry[] }
  /** When the site was made, with which mailboxes, and what has changed it since but steps. */
  history: { madeAt: number } & History
  journal: {
    shards: number
    /** Older steps are not here: no longer kept, or more than a bundle takes along. */
    trimmed: boolean
    /** The position of the first step of each shard that has one. */
    from: string[]
    steps: BundleStep[]
  }
  /**
   * Each actor of the journal as it was at its end: version and state. Those that changed while the
   * bundle was made are left out.
   */
  actors: Record<string, [version: number, state: string]>
  accepted: {
    /** Older messages that are not here. */
    leftOut: number
    messages: AcceptedMessage[]
  }
  audit: Audit
}
