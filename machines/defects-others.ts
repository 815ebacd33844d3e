/**
 * Defects of other systems, and one that lies in the protocol.
 */
import type { Defect } from './defects.ts'
import { repetitionKey } from './item-keys.ts'
import { type Line, type Lines, state, ways } from './lines.ts'
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
  workaround: `The receiver answers the end of data as soon as it can, and does what takes long
    afterwards (RFC 5321 §6.1). It does not help where the answer is lost.`,
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
  source: 'BullMQ, maxStalledCount; taskforcesh/bullmq #892 and #3282',
  published: `A job whose worker has died or hung is taken up again once; when it stalls a second
    time it is moved to the failed jobs with the words "job stalled more than allowable limit",
    whatever attempts it has left. There is no event \`stalled\` for that, only \`failed\`.`,
  ours: `A message whose event was in that job is neither delivered nor reported. Here such a job
    is taken up again as often as it takes, and what has failed all the same is brought back from
    the outbox; with the defect neither is done, as in a program that goes by the defaults.`,
  differs: "two options of the engine: BullMQ's default of maxStalledCount, and no sweep",
  fixedIn: 'never; it is a setting',
  workaround: `A greater maxStalledCount, and a look at the jobs that have failed. The emulator does
    both where the defect is off.`,
  engine: { stallsMax: 1, sweeps: false },
}

/** States of an entry that has failed. */
const ENDED = ['failed', 'expired'] as const

/** What is owed leaves when the copy has no open entry; there is no timer for it. */
function reportsWhenDone(lines: Lines): void {
  const owed = [lines.on?.['report.owed'] ?? []].flat() as Line[]
  const due = [lines.on?.['report.due'] ?? []].flat() as Line[]
  lines.on = {
    ...lines.on,
    'report.owed': owed.map((line) =>
      line.guard === 'wanted' ? { ...line, actions: asks({ keep: 'report' }) } : line,
    ),
    'report.due': due.map((line) => ('guard' in line ? line : { ...line, guard: leaves })),
  }
}

const leaves = ({ context }: { context: { open: number } }): boolean => context.open === 0

const BULLMQ_FLOW: Defect = {
  id: 'bullmq-flow',
  title: 'A flow whose child has failed waits for ever',
  source: 'BullMQ, flows; taskforcesh/bullmq #3362, #3122, #800 and #1333',
  published: `A parent job runs when all of its children have been processed successfully. When one
    fails for good, and none of four options says otherwise (failParentOnFailure,
    ignoreDependencyOnFailure, removeDependencyOnFailure, continueParentOnFailure), the parent
    stays in waiting-children, and no event tells of that. The maintainers say that this is the
    default.`,
  ours: `The program is one in which a copy of a message is the parent of the attempts at its
    recipients, and reports when they are done: an entry that has failed does not count as done,
    so the report of its failure is waited for by itself. With BullMQ itself,
    test/services/runtime/flows.test.ts shows it. In the emulator an entry that has failed is closed
    like any other, and what is owed leaves by a timer.`,
  differs: `an entry that has failed does not close at its copy; and what is owed for it has no
    timer, and leaves when the copy has no open entry`,
  fixedIn: 'never; it is a setting of each child',
  workaround: `ignoreDependencyOnFailure on each child, and a parent that looks at
    getIgnoredChildrenFailures: then a report waits for the other entries of the copy, and comes.
    With removeDependencyOnFailure the parent runs too, and is not told what failed.`,
  lines: {
    recipient(lines) {
      for (const name of ENDED) {
        const ended = state(lines, name)
        ended.entry = [ended.entry].flat().filter((one) => !closes(one))
      }
    },
    message: reportsWhenDone,
  },
}

const BULLMQ_FLOW_IGNORED: Defect = {
  id: 'bullmq-flow-ignored',
  title: 'A flow ignores the children that fail, and its parent reports them',
  source: 'BullMQ, flows, ignoreDependencyOnFailure',
  published: `The parent does not wait for a child that has failed; it runs when none is left that
    is not done, and getIgnoredChildrenFailures tells it what has failed.`,
  ours: `The program of bullmq-flow, followed by what its documentation offers. The report of a
    failure comes, and waits for the last entry of the copy.`,
  differs: `what is owed for an entry that has failed has no timer, and leaves when the copy has no
    open entry`,
  fixedIn: 'never; it is no defect',
  follows: 'bullmq-flow',
  lines: {
    recipient(lines) {
      for (const name of ENDED) {
        const ended = state(lines, name)
        const entry = [ended.entry].flat()
        ended.entry = entry.some(closes) ? entry : [...entry, closed]
      }
    },
    message: reportsWhenDone,
  },
}

const closed = asks({ send: 'entry.closed', to: 'message' })

/** It tells the copy that the entry is no more open. */
const closes = (action: unknown): boolean =>
  (action as { params?: { send?: string } }).params?.send === 'entry.closed'

export const OTHERS: readonly Defect[] = [
  ...[RFC1047, CYRUS_1578, CYRUS_5548],
  ...[BULLMQ_STALLED, BULLMQ_FLOW, BULLMQ_FLOW_IGNORED],
]
