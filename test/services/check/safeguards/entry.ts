/** Safeguards of a copy, its entries and its report slots. */
import type { MailEvent } from '../../../../machines/wire.ts'
import type { MemoryLoaded } from '../../../../services/check/memory.ts'
import {
  ALWAYS,
  guarded,
  NEVER,
  type Removal,
  rewritten,
  type Safeguard,
  state,
} from './safeguard.ts'
import {
  ANNA,
  believedHere,
  busy,
  CAROL,
  crowd,
  letter,
  move,
  movedLetter,
  send,
  soon,
} from './scenes.ts'

const RECIPIENT = 'machines/recipient.ts'
const MESSAGE = 'machines/message.ts'

const both = { alternateRecipient: 'bob', deliverToBoth: true }

/** The copy, or its entries, are not remembered when such an event comes. */
const forgets = (type: string, kind: string) => ({
  load: (loaded: MemoryLoaded): MemoryLoaded =>
    loaded.event.type === type
      ? { ...loaded, actors: new Map([...loaded.actors].filter(([at]) => !at.startsWith(kind))) }
      : loaded,
})

/** A store that lost the mailbox does not know what was delivered to it. */
export const forgetful = rewritten('mailbox', (lines) => {
  for (const name of ['absent', 'removing']) {
    const { on } = state(lines, name)
    on['mail.offered'] = on['mail.offered'].slice(1)
  }
})

/** As if the first attempt had come while the mailbox was being moved away. */
export const FIRST_DEFERRED: Removal & { words: string } = {
  words: 'the first refusal is a deferral',
  edit: (stepped) => ({
    ...stepped,
    events: stepped.events.map((event) =>
      event.type === 'reply.refused' && event.attempt === 1
        ? { ...event, type: 'reply.deferred' }
        : event,
    ),
  }),
}

/** A report that tells of its first entry alone. */
function ofTheFirst(event: MailEvent): MailEvent {
  const { header } = event
  if (!header?.report) return event
  const { others: _, ...report } = header.report
  return { ...event, header: { ...header, report } }
}

export const COPY: Safeguard[] = [
  {
    name: 'a submission seen again makes no second copy',
    at: `${MESSAGE}, state accepted`,
    breaks: 'I8 letter anna own',
    scene: { ...movedLetter(), profile: 'modern' },
    bounds: { duplicates: 1 },
    without: forgets('mail.submitted', ''),
  },
  {
    name: 'a transfer seen again routes no entry again',
    at: 'machines/step.ts, routing',
    breaks: 'I8 letter anna own',
    scene: { ...movedLetter('lon'), profile: 'modern' },
    bounds: { duplicates: 1 },
    without: forgets('copy.transferred', 'recipient/'),
  },
  {
    name: 'a report seen again makes no second copy',
    at: `${MESSAGE}, state accepted`,
    breaks: 'I8 letter~1 carol own',
    scene: {
      profile: 'modern',
      mailboxes: [CAROL],
      acts: [send(['nobody']), move('carol', 'lon')],
    },
    bounds: { duplicates: 1 },
    without: forgets('report.submitted', ''),
  },
  {
    name: 'a report tells of each entry that was gathered',
    at: 'machines/reporting.ts, reportsOf',
    breaks: 'I8 letter noone own',
    scene: { mailboxes: [CAROL], acts: [send(['nobody', 'noone'])] },
    bounds: {},
    without: {
      edit: (stepped) => ({ ...stepped, events: stepped.events.map(ofTheFirst) }),
    },
  },
  {
    name: 'what has left is gathered no longer',
    at: `${MESSAGE}, report.due`,
    breaks: 'I8 letter anna own',
    scene: {
      figures: soon(20, 10),
      mailboxes: [ANNA, CAROL],
      acts: [send(['nobody', 'anna'])],
      faults: busy(),
    },
    bounds: { retries: 1 },
    without: rewritten('message', (lines) => {
      const [, due] = lines.on['report.due']
      due.actions = due.actions.filter(
        ({ params }: { params: { drop?: string } }) => params.drop !== 'gathered',
      )
    }),
  },
  {
    name: 'a chunk is routed once, in its turn',
    at: `${MESSAGE}, guard again`,
    breaks: 'I1 letter nobody401 own',
    scene: crowd(401),
    bounds: { duplicates: 1, retries: 1 },
    without: guarded('message', { again: NEVER }),
  },
  {
    name: 'the alternate recipient is split off once',
    at: 'machines/routing.ts, split',
    breaks: 'I8 letter bob redirected',
    scene: {
      mailboxes: [{ ...ANNA, ...both }, { alias: 'bob', server: 'lon' }, CAROL],
      acts: [send(['anna'], { server: 'lon' })],
      faults: busy('bob'),
    },
    bounds: { retries: 1 },
    without: {
      load: (loaded, as) => {
        const { event } = loaded
        if (event.type !== 'copy.transferred') return loaded
        const entries = event.entries?.map((entry) => ({ ...entry, split: false })) ?? []
        return as({ ...event, entries })
      },
    },
  },
  {
    name: 'mail from the null sender is not reported',
    at: `${MESSAGE}, guard nullSender`,
    breaks: 'I4 letter nobody own',
    scene: { mailboxes: [CAROL], acts: [send(['nobody'], { from: '' })] },
    bounds: {},
    without: guarded('message', { nullSender: NEVER }),
  },
  {
    name: 'a report is not reported',
    at: `${MESSAGE}, guards nullSender and wanted`,
    breaks: 'I4 letter~1 nowhere own',
    scene: { mailboxes: [], acts: [send(['nobody'], { from: 'nowhere' })] },
    bounds: {},
    without: guarded('message', { nullSender: NEVER, wanted: ALWAYS }),
  },
  {
    name: 'no report is made that is not wanted',
    at: `${MESSAGE}, guard wanted`,
    breaks: 'I3 letter nobody own',
    scene: { mailboxes: [CAROL], acts: [send(['nobody'], { wanted: false })] },
    bounds: {},
    without: guarded('message', { wanted: ALWAYS }),
  },
  {
    name: 'each entry has a report slot of its own (Q248839)',
    at: 'machines/defects.ts, slotKey',
    breaks: 'I8 letter anna own',
    scene: {
      mailboxes: [{ ...ANNA, ...both }, { alias: 'bob', server: 'nyc' }, CAROL],
      acts: [send(['anna']), move('anna', 'lon')],
    },
    bounds: {},
    without: { parts: () => ({ slotKey: ({ number }) => `${number}` }) },
  },
]

export const ENTRY: Safeguard[] = [
  {
    name: 'an answer to an earlier attempt is not heard',
    at: `${RECIPIENT}, guard stale`,
    breaks: 'I9 letter anna own',
    scene: { ...letter(), faults: busy(), figures: soon(60, 70) },
    bounds: { retries: 1, duplicates: 1, lateReplies: 2 },
    without: guarded('recipient', { stale: NEVER }),
  },
  {
    name: 'an acceptance is heard by who was deferred meanwhile',
    at: `${RECIPIENT}, state deferred`,
    breaks: 'I9 letter anna own',
    scene: { ...letter(), faults: busy(), figures: soon(60, 70) },
    bounds: { retries: 1, duplicates: 1, lateReplies: 1 },
    given: {
      words: 'an answer to an earlier attempt is heard',
      ...guarded('recipient', { stale: NEVER }),
    },
    without: rewritten('recipient', (lines) => {
      delete state(lines, 'deferred').on['reply.accepted']
    }),
  },
  {
    name: 'an open offer is withdrawn before it expires',
    at: `${RECIPIENT}, state delivering`,
    breaks: 'I9 letter anna own',
    scene: { ...letter(), faults: busy(), figures: soon(60, 70) },
    bounds: { retries: 2, lostReplies: 1 },
    without: rewritten('recipient', (lines) => {
      state(lines, 'delivering').on['expiry.due'] = 'expired'
    }),
  },
  {
    name: 'an offer that went unanswered is withdrawn before it expires',
    at: `${RECIPIENT}, guard unanswered`,
    breaks: 'I9 letter anna own',
    scene: { ...letter(), faults: busy(), figures: soon(200, 100) },
    bounds: { retries: 1, lateReplies: 2 },
    given: {
      words: 'a deferred attempt may be accepted when it is seen again',
      ...guarded('mailbox', { answered: NEVER }),
    },
    without: guarded('recipient', { unanswered: NEVER }),
  },
  {
    name: 'an offer that went unanswered is withdrawn before a refusal is believed',
    at: `${RECIPIENT}, guard unanswered`,
    breaks: 'I9 letter anna own',
    scene: movedLetter(),
    bounds: { retries: 1, lostReplies: 1 },
    given: { words: 'a store that lost the mailbox knows no key', ...forgetful },
    without: guarded('recipient', { unanswered: NEVER }),
  },
  {
    name: 'nothing expires that another MTA may have',
    at: `${RECIPIENT}, state transferring`,
    breaks: 'I8 letter anna own',
    scene: {
      ...believedHere,
      profile: 'modern',
      acts: [send(['anna'])],
      figures: soon(40, 50),
    },
    bounds: { retries: 1, lateReplies: 2 },
    given: FIRST_DEFERRED,
    without: rewritten('recipient', (lines) => {
      state(lines, 'transferring').on['expiry.due'] = 'expired'
    }),
  },
]
