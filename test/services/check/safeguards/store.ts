/** Safeguards of a mailbox at its store. */
import { UNRECOGNIZED } from '../../../../machines/codes.ts'
import type { MailEvent } from '../../../../machines/wire.ts'
import { FIRST_DEFERRED, forgetful } from './entry.ts'
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
  cancelledMove,
  letter,
  move,
  movedLetter,
  OLD_OFFER,
  onlyCancelled,
  seenAgain,
  send,
  soon,
} from './scenes.ts'

const MAILBOX = 'machines/mailbox.ts'

/** The second offer comes to its store when the mailbox comes back to it, not before. */
const SLOW_SECOND: Removal & { words: string } = {
  words: 'the first refusal is a deferral, and the second offer comes with the mailbox',
  load(loaded, as) {
    const { event } = loaded
    if (event.type !== 'target.requested') return loaded
    const entry = 'recipient/letter/nyc/1'
    const { actors } = as({ id: '', at: 0, to: entry, type: 'reply.accepted' })
    const attempt = Number(actors.get(entry)?.c.attempts ?? 0)
    return { ...loaded, event: { ...event, attempt } }
  },
  edit(stepped, loaded) {
    const deferred = FIRST_DEFERRED.edit?.(stepped, loaded) ?? stepped
    const isSecond = ({ type, attempt }: MailEvent) => type === 'mail.offered' && attempt === 2
    const events = deferred.events.filter((event) => !isSecond(event))
    const { type, attempt } = loaded.event
    const back = type === 'target.requested' && attempt === 2
    const second = { ...OLD_OFFER, attempt: 2, id: '', at: 0 }
    return { ...deferred, events: back ? [...events, second] : events }
  },
}

export const KEYS: Safeguard[] = [
  {
    name: 'a key that was delivered is not put again',
    at: `${MAILBOX}, guard held`,
    breaks: 'I6 letter anna own',
    scene: {
      ...letter(),
      acts: [send(['anna']), { do: 'remove', mailbox: 'anna', message: 'letter' }],
    },
    bounds: { duplicates: 1 },
    without: guarded('mailbox', {
      held: ({ event }) => event.type === 'item.deleted' && event.found === 'held',
    }),
  },
  {
    name: 'a store that lost the mailbox knows what was delivered to it',
    at: `${MAILBOX}, states absent and removing`,
    breaks: 'I9 letter anna own',
    scene: movedLetter(),
    bounds: { duplicates: 1 },
    without: forgetful,
  },
  {
    name: 'a deferred attempt stays deferred when it is seen again',
    at: `${MAILBOX}, guard answered`,
    breaks: 'I9 letter anna own',
    scene: { ...letter(), faults: busy(), figures: soon(200, 100) },
    bounds: { retries: 1, lateReplies: 1 },
    given: {
      words: 'an offer that was put off is seen again',
      edit: (stepped, { event: { ordered, ...event } }) =>
        ordered ? { ...stepped, events: [...stepped.events, event] } : stepped,
    },
    without: guarded('mailbox', { answered: NEVER }),
  },
  {
    name: 'a refused attempt is not taken when the mailbox is back (keep refusal)',
    at: `${MAILBOX}, refuseForGood`,
    breaks: 'I9 letter anna own',
    scene: believedHere,
    bounds: { duplicates: 1 },
    without: {
      edit: (stepped, { event }) =>
        event.type === 'mail.offered'
          ? { ...stepped, items: stepped.items.filter((write) => !('nudged' in write)) }
          : stepped,
    },
  },
  {
    name: 'a key that was withdrawn is barred',
    at: `${MAILBOX}, guard barred`,
    breaks: 'I9 letter anna own',
    scene: { ...letter(), faults: busy(), figures: soon(60, 70) },
    bounds: { retries: 2, lateReplies: 2 },
    without: guarded('mailbox', { barred: NEVER }),
  },
  {
    name: 'a withdrawal is answered "had it" when it was delivered',
    at: `${MAILBOX}, withdraws`,
    breaks: 'I9 letter anna own',
    scene: { ...letter(), faults: busy(), figures: soon(60, 70) },
    bounds: { retries: 2, lostReplies: 1 },
    without: rewritten('mailbox', (lines) => {
      const { on } = state(lines, 'open')
      on['offer.withdrawn'] = on['offer.withdrawn'].slice(1)
    }),
  },
  {
    name: 'what the store knows of a key comes before an order to refuse',
    at: `${MAILBOX}, known`,
    breaks: 'I9 letter anna own',
    scene: {
      ...letter(),
      faults: [
        {
          name: 'refused',
          event: 'mail.offered',
          mailbox: 'anna',
          times: 1,
          order: { refuse: UNRECOGNIZED },
        },
      ],
    },
    bounds: { duplicates: 1 },
    without: rewritten('mailbox', (lines) => {
      const { on } = state(lines, 'open')
      const isOrder = ({ guard }: { guard?: string }) => guard === 'orderedToRefuse'
      const all = on['mail.offered']
      on['mail.offered'] = [...all.filter(isOrder), ...all]
    }),
  },
  {
    name: 'delivered keys travel, also of what was deleted',
    at: 'machines/compose-store.ts, page',
    breaks: 'I6 letter anna own',
    scene: {
      mailboxes: [ANNA, CAROL],
      before: [
        { act: send(['anna']) },
        { act: { do: 'remove', mailbox: 'anna', message: 'letter' } },
        { act: move('anna', 'lon') },
      ],
      acts: [move('anna', 'nyc', 'move-2')],
    },
    bounds: { retries: 1 },
    given: {
      words: 'no census, and the offer is seen again when the mailbox comes back',
      ...guarded('move', { unequal: NEVER }),
      ...seenAgain('target.requested', () => OLD_OFFER),
    },
    without: {
      edit: (stepped) => ({
        ...stepped,
        items: stepped.items.map((write) =>
          'copy' in write ? { ...write, copy: write.copy.filter(({ item }) => item) } : write,
        ),
      }),
    },
  },
  {
    name: 'a withdrawn key is barred where it was offered, also when the mailbox is away',
    at: `${MAILBOX}, withdrawsHere`,
    breaks: 'I9 letter anna own',
    scene: { ...believedHere, figures: soon(40, 50) },
    bounds: { retries: 1 },
    given: SLOW_SECOND,
    without: {
      edit: (stepped) =>
        stepped.events.some(({ type }) => type === 'reply.unknown')
          ? { ...stepped, items: stepped.items.filter((write) => !('bar' in write)) }
          : stepped,
    },
  },
  {
    name: 'a mailbox that comes back is emptied first (keep emptied)',
    at: `${MAILBOX}, state absent`,
    breaks: 'I2 letter anna own',
    scene: {
      mailboxes: [ANNA, CAROL],
      before: [{ act: send(['anna']) }, { act: move('anna', 'lon') }],
      acts: [move('anna', 'nyc', 'move-2')],
    },
    bounds: {},
    given: { words: 'no census', ...guarded('move', { unequal: NEVER }) },
    without: {
      edit: (stepped) => ({
        ...stepped,
        items: stepped.items.filter((write) => !('trim' in write && write.log)),
      }),
    },
  },
]

export const MOVED: Safeguard[] = [
  {
    name: 'the store looks for users being moved: a source takes no mail (Q259541)',
    at: `${MAILBOX}, state locked`,
    breaks: 'I2 letter anna own',
    scene: movedLetter(),
    bounds: {},
    without: rewritten('mailbox', (lines) => {
      state(lines, 'locked').on['mail.offered'] = state(lines, 'open').on['mail.offered']
    }),
  },
  {
    name: 'a target takes mail into the in-transit folder (Q277911)',
    at: `${MAILBOX}, state inTransit`,
    breaks: 'I2 letter anna own',
    scene: cancelledMove('lon'),
    bounds: {},
    without: rewritten('mailbox', (lines) => {
      state(lines, 'inTransit').on['mail.offered'] = state(lines, 'open').on['mail.offered']
    }),
  },
  {
    name: 'a target that is closed takes no mail',
    at: `${MAILBOX}, state closing`,
    breaks: 'I2 letter anna own',
    scene: cancelledMove('lon'),
    bounds: {},
    without: rewritten('mailbox', (lines) => {
      state(lines, 'closing').on['mail.offered'] = state(lines, 'inTransit').on['mail.offered']
    }),
  },
  {
    name: 'the in-transit folder is merged into the mailbox',
    at: `${MAILBOX}, keep merged`,
    breaks: 'I2 letter anna own',
    scene: movedLetter('lon'),
    bounds: {},
    without: {
      edit: (stepped) => ({
        ...stepped,
        items: stepped.items.filter((write) => !('merge' in write)),
      }),
    },
  },
  {
    name: 'a lock or a target of a move that was heard before is not begun again',
    at: `${MAILBOX}, guard newMover`,
    breaks: 'I6 mailbox anna',
    scene: onlyCancelled,
    bounds: { duplicates: 1 },
    without: guarded('mailbox', { newMover: ALWAYS }),
  },
  {
    name: 'a request of an older move is not heard',
    at: `${MAILBOX}, guard foreign`,
    breaks: 'I6 mailbox anna',
    scene: {
      mailboxes: [ANNA],
      before: [{ act: move('anna', 'lon') }, { act: move('anna', 'nyc', 'move-2') }],
      acts: [move('anna', 'lon', 'move-3')],
    },
    bounds: { retries: 1 },
    given: {
      words: "the first move's flush is seen again",
      ...seenAgain('target.requested', (event) => ({
        to: 'mailbox/lon/anna',
        type: 'flush.requested',
        ...(event.move ? { move: { ...event.move, id: 'move-1' } } : {}),
      })),
    },
    without: guarded('mailbox', { foreign: NEVER }),
  },
  {
    name: 'a mailbox is made once',
    at: `${MAILBOX}, guard again`,
    breaks: 'I6 mailbox anna',
    scene: {
      mailboxes: [CAROL],
      acts: [
        { do: 'put', mailbox: ANNA, now: true },
        { do: 'go on', mailbox: 'anna' },
        move('anna', 'lon'),
      ],
    },
    bounds: { duplicates: 1 },
    without: guarded('mailbox', { again: NEVER }),
  },
]
