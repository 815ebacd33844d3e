/**
 * A server's replica of one directory entry: home server, alternate recipient, deliver-to-both.
 *
 * Writes are versioned: an older one never overwrites a newer. A write is announced to the other
 * servers of the site, where it takes effect after the replication delay (300 s, then 30 s for each
 * further server, Q137203). A move writes the target's replica, which commits it, and then the
 * source's; the others hear of it by replication, so an MTA of theirs may believe the old home for
 * minutes.
 *
 * Invariants:
 *
 *   D1. The version never goes back.
 *   D2. Each announced write that has not taken effect has its replication timer armed (I5).
 *   D3. A move's request is granted in every state, since a repeated write is an old one.
 *
 * Pure: the entry itself and what is pending are keyed items; whether a version is newer arrives
 * with the event.
 */
import { setup } from 'xstate'
import { ask, asks, type EventOf } from './protocol.ts'

const take = asks({ keep: 'entry' })
const announce = asks({ send: 'entry.announced', to: 'peers' })
const grant = asks({ send: 'request.granted', to: 'move' })
const dropPending = asks({ drop: 'pending' })
const requested = [
  { guard: 'newer', actions: [take, announce, grant] },
  { actions: grant },
] as const

export const directory = setup({
  types: { context: {} as Record<string, never>, events: {} as EventOf<'directory'> },
  actions: { ask },
  guards: {
    newer: ({ event }) => event.newer,
    newerNow: ({ event }) => event.newer && 'now' in event && event.now,
  },
}).createMachine({
  id: 'directory',
  context: {},
  initial: 'replica',
  states: {
    replica: {
      on: {
        'entry.written': { guard: 'newer', actions: [take, announce] },
        'commit.requested': requested,
        'publish.requested': requested,
        'entry.announced': [
          { guard: 'newerNow', actions: take },
          {
            guard: 'newer',
            actions: [asks({ keep: 'pending' }), asks({ arm: 'replication', by: 'replication' })],
          },
        ],
        'replication.due': [
          { guard: 'newer', actions: [take, dropPending] },
          { actions: dropPending },
        ],
      },
    },
  },
})
