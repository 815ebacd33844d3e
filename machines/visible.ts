/**
 * Which fields of an event its machine may look at, besides the type: `protocol.ts` as a value.
 *
 * What a machine did is remembered by its situation and these fields (`transition.ts`), so a field
 * that is missing here would be one that it is deaf to; the type asks for every event and a test
 * for every field.
 */
import type { EventType, Kind, Protocol } from './protocol.ts'

type FieldsOf<T extends EventType> = {
  [K in Kind]: Protocol[K] extends infer E
    ? E extends { type: infer U }
      ? T extends U
        ? Exclude<keyof E, 'type'>
        : never
      : never
    : never
}[Kind]

const NONE = [] as const
const ROUTE = ['route'] as const
const REQUESTED = ['mover', 'more', 'ordered'] as const
const WRITTEN = ['newer'] as const
const STALE = ['stale'] as const
const SHARE = ['branch', 'size'] as const

export const VISIBLE: { readonly [T in EventType]: readonly FieldsOf<T>[] } = {
  'mail.submitted': ['chunk', 'count', 'last', 'early', 'ordered'],
  'routing.due': ['chunk', 'count', 'last', 'early'],
  'deferral.due': ['chunk', 'count', 'last'],
  'copy.transferred': ['count', 'found', 'ordered'],
  'report.submitted': ['count', 'last'],
  'transfer.taken': NONE,
  'transfer.deferred': STALE,
  'transfer.refused': STALE,
  'entry.closed': NONE,
  'report.owed': ['wanted'],
  'report.due': NONE,

  'route.here': NONE,
  'route.elsewhere': NONE,
  'route.unknown': NONE,
  'route.looped': NONE,
  'route.prohibited': NONE,
  'route.redirected': NONE,
  'route.expanded': NONE,
  'route.unexpanded': NONE,
  'reply.accepted': NONE,
  'reply.withdrawn': NONE,
  'reply.unknown': NONE,
  'reply.deferred': ['attempt'],
  'reply.refused': ['attempt', 'unknown', 'nullSender', 'route'],
  'retry.due': ROUTE,
  'reply.due': ROUTE,
  'expiry.due': ROUTE,
  'mailbox.settled': ['attempt', 'route'],

  'entry.discharged': SHARE,
  'entry.deferred': SHARE,
  'entry.failed': SHARE,
  'entry.expired': SHARE,

  'mailbox.created': ['again'],
  'mailbox.deleted': NONE,
  'mailbox.limited': NONE,
  'trim.due': ['more'],
  'mail.offered': ['found', 'full', 'ordered'],
  'offer.withdrawn': ['found'],
  'item.deleted': ['found'],
  'lock.requested': REQUESTED,
  'target.requested': REQUESTED,
  'page.requested': REQUESTED,
  'census.requested': REQUESTED,
  'flush.requested': REQUESTED,
  'removal.requested': REQUESTED,
  'nudge.requested': REQUESTED,
  'close.requested': REQUESTED,
  'drain.requested': REQUESTED,
  'discard.requested': REQUESTED,
  'unlock.requested': REQUESTED,
  'page.copied': REQUESTED,
  'page.drained': REQUESTED,
  'census.taken': REQUESTED,

  'move.requested': NONE,
  'move.cancelled': NONE,
  'move.released': ['holdAt'],
  'request.granted': ['request', 'stale', 'more', 'equal'],
  'request.refused': ['request', 'stale'],

  'entry.written': WRITTEN,
  'commit.requested': WRITTEN,
  'publish.requested': WRITTEN,
  'entry.announced': ['newer', 'now'],
  'replication.due': WRITTEN,
}
