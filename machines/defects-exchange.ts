/**
 * Defects of Exchange, by the number of the article in the Knowledge Base.
 */
import { and } from 'xstate'
import { COMMUNICATIONS_FAILURE } from './codes.ts'
import type { Defect } from './defects.ts'
import { state, ways } from './lines.ts'
import { asks } from './protocol.ts'

const grant = asks({ send: 'request.granted', to: 'move' })
const decline = asks({ send: 'request.refused', to: 'move' })
const take = asks({ keep: 'hold' })
const empty = asks({ keep: 'emptied' })

const Q248839: Defect = {
  id: 'Q248839',
  title: 'MTA drops message and fails to send NDR during Move User',
  source: ['Q248839', 'Q234280', 'Q174175'],
  published: [
    'The alternate recipient gets the message, the primary is deferred; at the end of the move another attempt is made, which fails, and no report is sent.',
    'The Result stage handles reports; "No Report required" and "Per-recip failure" are codes of it.',
  ],
  ours: [
    'A primary and its alternate share one report slot, which closes when one of them is discharged and the other deferred.',
  ],
  differs: 'the key of a report slot: the number of the recipient, without its branch',
  fixedIn: 'Exchange 5.5 SP4 (MTA 5.5.2651.71, Q251137)',
  workaround: 'Remove the alternate recipient before the move, and assign it again after it.',
  parts: { slotKey: ({ number }) => `${number}` },
}

const Q277911: Defect = {
  id: 'Q277911',
  title: 'Lost mail during MoveUser between two 5.5 servers',
  source: ['Q277911'],
  published: [
    'The new mailbox is made first and flagged as in transit by a second request; in between another thread of the store may deliver to it, and what it delivers is missing after the move.',
    'What is delivered after the flag goes to the in-transit folder, which is flushed in the end.',
  ],
  ours: [
    'A store delivers to a mailbox that it holds, whatever the directory says; so the thread is that of a sender on the target.',
    'It is missing because the copy begins with an empty mailbox, as it does in the sound store; there nothing can be in it yet.',
  ],
  differs: 'making the target of a move and flagging it are two requests, not one commit',
  fixedIn: 'Exchange 5.5 SP4',
  lines: {
    move(lines) {
      const granted = ways(lines, 'locked.working', 'request.granted')
      const more = { guard: 'more', target: '#move.locked', reenter: true, actions: 'begin' }
      state(lines, 'locked.working').on['request.granted'] = [
        ...granted.slice(0, -1),
        more,
        ...granted.slice(-1),
      ]
    },
    mailbox(lines) {
      const foreign = { guard: 'foreign', actions: decline }
      const unflagged = asks({ send: 'request.granted', to: 'move', more: true })
      state(lines, 'absent').on['target.requested'] = [
        { guard: and(['newMover', 'orderedToRefuse']), actions: [take, decline] },
        { guard: 'newMover', target: 'made', actions: [take, unflagged] },
        { actions: decline },
      ]
      const { states = {} } = lines
      states.made = {
        on: {
          'mail.offered': ways(lines, 'open', 'mail.offered'),
          'offer.withdrawn': ways(lines, 'inTransit', 'offer.withdrawn'),
          'target.requested': [foreign, { target: 'inTransit', actions: [empty, grant] }],
          'close.requested': [foreign, { target: 'closing', actions: grant }],
        },
      }
    },
  },
  states: { mailbox: { made: 'inTransit' } },
}

const KB2579150: Defect = {
  id: 'KB2579150',
  title: 'Mail to a mailbox fails for a brief period while an online move ends',
  source: ['KB 2579150'],
  published: [
    'Near 95 % of an online move the transport, which goes by a directory that lags, reaches the source after it was soft-deleted; the store answers with a permanent exception (554 5.2.0, MapiExceptionMailboxSoftDeleted), and the sender gets a report.',
  ],
  ours: [
    'The fixed store says that the mailbox is not here, so the transport looks again; that this is how it was mended is not published.',
    'The X.400 code: 0 without a diagnostic stands for 5.2.0, which has none.',
  ],
  differs:
    'what a store says of a mailbox that it has given away: a permanent failure, and not that it is unknown here',
  fixedIn: 'Exchange 2010 SP1 Update Rollup 4',
  parts: { gone: () => ({ code: COMMUNICATIONS_FAILURE, unknown: false }) },
}

export const EXCHANGE: readonly Defect[] = [Q248839, Q277911, KB2579150]
