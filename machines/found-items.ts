/** What a store's items say about an event, read before the step. */
import type { Address, Found } from './protocol.ts'
import type { Addressees, Census, EntryRecord, PageItem } from './wire.ts'

export interface FoundItems {
  key?: Found
  page?: PageItem[]
  bars?: string[]
  /** Waiters to nudge, with the attempt that was deferred. */
  waiters?: { entry: Address; attempt: number }[]
  census?: Census
  /** How much the mailbox holds. */
  bytes?: number
  more?: boolean
  /** The chunk's recipients of an accepted message. */
  entries?: EntryRecord[]
  last?: boolean
  addressees?: Addressees
}
