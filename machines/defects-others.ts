/**
 * Defects of other systems, and one that is in the protocol itself.
 */
import type { Defect } from './defects.ts'
import { repetitionKey } from './item-keys.ts'
import { state, ways } from './lines.ts'

const RFC1047: Defect = {
  id: 'RFC1047',
  title: 'A lost acknowledgement after end of data delivers the message twice',
  source: ['RFC 1047', 'RFC 5321 §6.1'],
  published: [
    'When the answer to the end of data is lost, the sender cannot know whether the receiver took the message, and sends it again; the receiver cannot know that it is the same one.',
  ],
  ours: [
    'Towards a mailbox store it is the same: an offer without an answer is made again under a key that the store has never seen.',
  ],
  differs: 'the key by which a store is offered a message: each repetition has a new one',
  fixedIn:
    'nowhere: SMTP has no such key. A store that knows what it was given (Q232391 keeps it for an hour) does not show it',
  parts: {
    itemKey: (message, { attempts, tries, unanswered }) =>
      unanswered ? repetitionKey(message, attempts, tries) : message,
  },
}

const CYRUS_1578: Defect = {
  id: 'cyrus-1578',
  title: 'Mail delivered during XFER was lost',
  source: ['cyrusimap/cyrus-imapd #1578 (Bugzilla 3737)'],
  published: [
    'Mail that arrives while a mailbox is being transferred to another server is lost; it was a race of XFER and LMTP delivery, and 2.4.17 holds the mailbox while the last of it is sent.',
  ],
  ours: [
    'The source goes on taking mail for as long as the transfer runs; what comes after its page was read is removed with it.',
  ],
  differs: 'what the source of a move answers to an offer: it takes the mail',
  fixedIn: 'Cyrus IMAP 2.4.17',
  lines: {
    mailbox(lines) {
      state(lines, 'locked').on['mail.offered'] = ways(lines, 'open', 'mail.offered')
    },
  },
}

export const OTHERS: readonly Defect[] = [RFC1047, CYRUS_1578]
