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
const foreign = { guard: 'foreign', actions: decline } as const
const take = asks({ keep: 'hold' })
const empty = asks({ keep: 'emptied' })

const Q248839: Defect = {
  id: 'Q248839',
  title: 'The MTA drops a message during Move User, and sends no report',
  source: 'Q248839; Q234280 and Q174175 for the Result stage',
  published: `The alternate recipient gets the message and the primary is deferred. At the end of
    the move another attempt is made, which fails, since the right address is not in the MTA's
    cache; and no report is sent. The Result stage handles reports; "No Report required" (253) and
    "Per-recip failure" (254) are codes of it.`,
  ours: `A primary and its alternate share one report slot. It closes when one of them is
    discharged and the other deferred, and a failure after that is absorbed.`,
  differs: 'the key of a report slot: the number of the recipient, without its branch',
  fixedIn: 'Exchange 5.5 SP4 (MTA 5.5.2651.71, Q251137)',
  workaround: 'Remove the alternate recipient before the move, and assign it again after it.',
  parts: { slotKey: ({ number }) => `${number}` },
}

const Q277911: Defect = {
  id: 'Q277911',
  title: 'Mail is lost while a mailbox is moved between two 5.5 servers',
  source: 'Q277911',
  published: `A mailbox is moved from one 5.5 server to another by means of an Exchange 2000 server.
    The new mailbox is made first; the flag that it is in transit is set by a second
    request. What another thread of the store delivers in between is missing after the move. What
    comes after the flag goes to the in-transit folder, and out of it in the end.`,
  ours: `A store delivers to a mailbox that it holds, whatever the directory says, so the thread
    is that of a sender on the target. The message is missing because the copy begins with an
    empty mailbox; so it does in the sound store, where nothing can be in it yet.`,
  differs: 'making the target of a move and flagging it are two requests, not one commit',
  fixedIn: 'Exchange 5.5 SP4, which the servers of 5.5 need',
  lines: {
    move(lines) {
      const granted = ways(lines, 'locked.working', 'request.granted')
      const more = { guard: 'more', target: '#move.locked', reenter: true, actions: 'begin' }
      const all = [...granted.slice(0, -1), more, ...granted.slice(-1)]
      state(lines, 'locked.working').on['request.granted'] = all
    },
    mailbox(lines) {
      const unflagged = asks({ send: 'request.granted', to: 'move', more: true })
      state(lines, 'absent').on['target.requested'] = [
        { guard: and(['newMover', 'orderedToRefuse']), actions: [take, decline] },
        { guard: 'newMover', target: 'made', actions: [take, unflagged] },
        { actions: decline },
      ]
      lines.states = {
        ...lines.states,
        made: {
          on: {
            'mail.offered': ways(lines, 'open', 'mail.offered'),
            'offer.withdrawn': ways(lines, 'inTransit', 'offer.withdrawn'),
            'target.requested': [foreign, { target: 'inTransit', actions: [empty, grant] }],
            'close.requested': [foreign, { target: 'closing', actions: grant }],
          },
        },
      }
    },
  },
  states: { mailbox: { made: 'inTransit' } },
}

/** What a recipient's refusal looks like to its machine. */
type Refused = { event: { unknown?: boolean; nullSender?: boolean } }

const Q172364: Defect = {
  id: 'Q172364',
  title: 'Move User may cause mail to stall or to be returned',
  source: 'Q172364',
  published: `While a user is moved the MTA may read that the mailbox is where it was; the
    originator then gets a report that the name was not found. When the originator is moved too,
    the message may stay in the MTA's queue to the private store. An MTA believes a directory
    entry for 60 s.`,
  ours: `The MTA asks its cache where it should ask the directory: after a refusal, and of a
    message that has come back to it. What stays in the queue is the report: it is refused as the
    message was, by the same mistake; nobody can be told of that, and nothing tries it again.`,
  differs: `an MTA never reads past its cache, nor looks again when the store refuses; a report
    that the store does not take is left in the queue, without a timer`,
  fixedIn: 'never; all versions of 5.5 have it',
  workaround: `Move users who are offline, so that no mail is processed; or set the cache latency of
    the MTA to 0 and restart it before the move. Ours: what was read just before the move is
    believed for a minute after it; and without a cache a letter may still be offered by what the
    directory said just before.`,
  parts: { readsPast: false, resolvesAgain: () => false },
  lines: {
    recipient(lines) {
      const guard = ({ event }: Refused): boolean => !!event.unknown && !!event.nullSender
      const [stale = {}, ...others] = ways(lines, 'delivering', 'reply.refused')
      const all = [stale, { guard, target: 'stranded' }, ...others]
      state(lines, 'delivering').on['reply.refused'] = all
      lines.states = { ...lines.states, stranded: {} }
    },
  },
  states: { recipient: { stranded: 'deferred' } },
}

const Q252869: Defect = {
  id: 'Q252869',
  title: 'Mail is lost when a move is unsuccessful and tried again',
  source: 'Q252869',
  published: `The data is moved to the destination and the source is left with next to nothing,
    but the directory object stays: the administrator program passes the same server as source and
    as destination. A second move finds a duplicate at the destination and deletes it, with all of
    its mail.`,
  ours: `The write that commits the move names the source. The store that is asked for a target
    that it has already empties it, and the move goes on.`,
  differs: `what a move has the directory say; that a source is emptied and not removed; and that
    a store which has the mailbox already takes it for a target`,
  fixedIn: 'never; it comes about now and then',
  workaround: `Make no second move. Set the home server in the directory by hand, in raw mode; or
    delete the recipient on the source, and make it again on the destination under the same
    Distinguished Name.`,
  parts: { published: ({ record, source }) => ({ ...record, home: source }) },
  lines: {
    mailbox(lines) {
      const removal = [foreign, { target: 'open', actions: [empty, grant] }]
      state(lines, 'locked').on['removal.requested'] = removal
      state(lines, 'open').on['removal.requested'] = [foreign, { actions: grant }]
      state(lines, 'open').on['target.requested'] = [
        { guard: 'newMover', target: 'inTransit', actions: [take, empty, grant] },
        { actions: decline },
      ]
    },
  },
}

const Q197058: Defect = {
  id: 'Q197058',
  title: 'Reports can be lost',
  source: 'Q197058',
  published: `A message exceeds the size limit of the remote MTA; a report is made, the MTA is
    unable to route it (event 141), and the user is never told.`,
  ours: `Whatever it is that keeps a report from its originator, there is no record of it; sizes
    are not modelled.`,
  differs: 'a report that fails leaves no dead letter',
  fixedIn: 'Exchange 5.0 SP3 (MTA 5.0.1461.76)',
  lines: {
    message(lines) {
      const [first, ...others] = [lines.on?.['report.owed'] ?? []].flat()
      if (typeof first !== 'object') throw new Error('the null sender has no line')
      lines.on = { ...lines.on, 'report.owed': [{ guard: 'nullSender' }, ...others] }
    },
  },
}

const Q247255: Defect = {
  id: 'Q247255',
  title: 'The information store silently drops messages',
  source: 'Q247255',
  published: `Where the MTA has no session for the store, because it is stopped or short of
    resources, the number of the message's recipients is set to zero by mistake, and the message
    is deleted from the queue of the store. To its sender it looks sent.`,
  ours: `The mended store keeps the message and offers it again after a while. That there is no
    session is a fault rule that defers \`mail.submitted\`.`,
  differs: 'what is done without a session: the message goes on, with no recipient',
  fixedIn: 'Exchange 5.5 SP4; it came with the fix of Q235455, in SP3',
  lines: {
    message(lines) {
      const { on } = state(lines, 'accepted')
      const others = ways(lines, 'accepted', 'mail.submitted').slice(1)
      on['mail.submitted'] = [{ guard: 'noSession', target: '#message.open' }, ...others]
    },
  },
}

const Q181579: Defect = {
  id: 'Q181579',
  title: 'The recipient of a private message does not receive it',
  source: 'Q181579; Q178161 and Q160535',
  published: `A private message to somebody who has an alternate recipient and deliver-to-both is
    returned, because the originator prohibited redirection (1/26), and its original recipient
    does not get it either. Mended, the original recipient gets it, and the originator still gets
    a report, since the alternate does not.`,
  ours: `Private means that reassignment is prohibited. Where only the alternate is to get mail,
    the message is returned with the defect and without it (Q178161).`,
  differs: 'what the router makes of such a message: the whole recipient fails, not its alternate',
  fixedIn: 'the latest service pack of 5.5 when the article was written; here SP1',
  workaround: 'Q178161: take the alternate recipient away.',
  parts: { deliversProhibited: false },
}

const KB2579150: Defect = {
  id: 'KB2579150',
  title: 'Mail cannot be sent for a brief period while an online move ends',
  source: 'KB 2579150',
  published: `Near 95 % of an online move the transport, which goes by a directory that lags,
    reaches the source after it was soft-deleted. The store answers with a permanent exception
    (554 5.2.0, MapiExceptionMailboxSoftDeleted), and the sender gets a report.`,
  ours: `The mended store says that the mailbox is not here, so the transport looks again; how it
    was mended is not published. 0 without a diagnostic stands for 5.2.0, which has no X.400
    code.`,
  differs: 'what a store says of a mailbox that it gave away: a permanent failure, not "unknown"',
  fixedIn: 'Exchange 2010 SP1 Update Rollup 4',
  parts: { gone: () => ({ code: COMMUNICATIONS_FAILURE, unknown: false }) },
}

export const EXCHANGE: readonly Defect[] = [
  ...[Q248839, Q277911, Q172364, Q252869, Q197058, Q247255, Q181579],
  KB2579150,
]
