/**
 * Defects of other systems, and one that lies in the protocol.
 */
import type { Defect } from './defects.ts'
import { repetitionKey } from './item-keys.ts'
import { state, ways } from './lines.ts'
import { asks } from './protocol.ts'

const RFC1047: Defect = {
  id: 'RFC1047',
  title: 'A lost acknowledgement after the end of data delivers a message twice',
  source: 'RFC 1047; RFC 5321 §6.1',
  published: `When the answer to the end of data is lost, the sender cannot know whether the
    receiver took the message, and sends it again. The receiver cannot know that it is the same
    one.`,
  ours: `Here it lies between an MTA and a mailbox store (LMTP has it too): an offer that went
    unanswered is made again under a key that the store has never seen. A transfer between MTAs
    passes responsibility once, as in X.400.`,
  differs: 'the key under which a message is offered again',
  fixedIn:
    'never; a store that remembers what it was given hides it, as 5.5 did for an hour (Q232391)',
  parts: {
    itemKey: (message, { attempts, tries, unanswered }) =>
      unanswered ? repetitionKey(message, attempts, tries) : message,
  },
}

const CYRUS_1578: Defect = {
  id: 'cyrus-1578',
  title: 'Mail that is delivered during an XFER is lost',
  source: 'cyrusimap/cyrus-imapd #1578 (Bugzilla 3737)',
  published: `Mail that arrived while a mailbox was transferred to another server was lost: a race
    of XFER and LMTP delivery.`,
  ours: `The source goes on taking mail for as long as the transfer runs. What comes after its
    page was read goes with the source.`,
  differs: 'what the source of a move answers to an offer: it takes the mail',
  fixedIn: 'Cyrus IMAP 2.4.17, which marks the mailbox as moving and locks it for the last of it',
  lines: {
    mailbox(lines) {
      state(lines, 'locked').on['mail.offered'] = ways(lines, 'open', 'mail.offered')
    },
  },
}

const CYRUS_5548: Defect = {
  id: 'cyrus-5548',
  title: 'The source of an XFER survives it',
  source: 'cyrusimap/cyrus-imapd #5548',
  published: `A transfer sometimes leaves the mailbox at the source too; who reported it suspects
    a race. It is open.`,
  ours: `Here it is always left, open for mail. What is delivered there by an MTA that believes in
    it is nowhere that its reader looks.`,
  differs: 'the removal of the source opens it again',
  fixedIn: 'not yet',
  lines: {
    mailbox(lines) {
      const others = ways(lines, 'locked', 'removal.requested').slice(0, -1)
      const actions = asks({ send: 'request.granted', to: 'move' })
      state(lines, 'locked').on['removal.requested'] = [...others, { target: 'open', actions }]
      state(lines, 'open').on['removal.requested'] = [...others, { actions }]
    },
  },
}

const BULLMQ_STALLED: Defect = {
  id: 'bullmq-stalled',
  title: 'A job that stalled too often is failed for good, and nobody is told',
  source: 'BullMQ, maxStalledCount; `moveStalledJobsToWait`',
  published: `A job whose worker has died or hung is taken up again once; when it stalls a second
    time it is moved to the failed jobs with the words "job stalled more than allowable limit".`,
  ours: `A message whose event was in that job is neither delivered nor reported. Here such a job
    is taken up again as often as it takes, and what has failed all the same is brought back from
    the outbox; with the defect neither is done, as in a program that goes by the defaults.`,
  differs: "two options of the engine: BullMQ's default of maxStalledCount, and no sweep",
  fixedIn: 'never; it is a setting',
  engine: { stallsMax: 1, sweeps: false },
}

export const OTHERS: readonly Defect[] = [RFC1047, CYRUS_1578, CYRUS_5548, BULLMQ_STALLED]
