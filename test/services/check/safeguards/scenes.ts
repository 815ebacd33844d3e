/**
 * What the small sites are made of: two or three mailboxes, a letter, a move, a figure or two; and
 * what a removal does to the steps.
 */
import type { Profile } from '../../../../machines/profile.ts'
import type { EventType, Timer } from '../../../../machines/protocol.ts'
import type { MailEvent } from '../../../../machines/wire.ts'
import type { Act } from '../../../../services/check/acts.ts'
import { BEGINS_AT } from '../../../../services/check/explore/interning.ts'
import type { PlannedFault } from '../../../../services/check/plan.ts'
import type { Removal, Scene } from './safeguard.ts'

export const ANNA = { alias: 'anna', server: 'nyc' }
export const CAROL = { alias: 'carol', server: 'nyc' }

type Sent = Extract<Act, { do: 'send' }>
export const send = (to: string[], more: Partial<Sent> = {}): Act => ({
  do: 'send',
  as: 'letter',
  from: 'carol',
  server: 'nyc',
  priority: 'normal',
  wanted: true,
  ...more,
  to,
})
export const move = (mailbox: string, to: string, id = 'move-1'): Act => ({
  do: 'move',
  id,
  mailbox,
  to,
})
const CANCEL: Act = { do: 'cancel', move: 'move-1' }

/** A letter to anna from the MTA of this server. */
export const letter = (server = 'nyc'): Scene => ({
  mailboxes: [ANNA, CAROL],
  acts: [send(['anna'], { server })],
})
/** The same, while her mailbox is moved. */
export const movedLetter = (server = 'nyc'): Scene => ({
  mailboxes: [ANNA, CAROL],
  acts: [send(['anna'], { server }), move('anna', 'lon')],
})
/** The same, and the move may be called off. */
export const cancelledMove = (server = 'nyc'): Scene => ({
  mailboxes: [ANNA, CAROL],
  acts: [send(['anna'], { server }), move('anna', 'lon'), CANCEL],
})
export const onlyMove: Scene = { mailboxes: [ANNA], acts: [move('anna', 'lon')] }
export const onlyCancelled: Scene = { mailboxes: [ANNA], acts: [move('anna', 'lon'), CANCEL] }
/** The letter is there before the mailbox is moved. */
export const letterFirst: Scene = {
  mailboxes: [ANNA, CAROL],
  before: [{ act: send(['anna']) }],
  acts: [move('anna', 'lon')],
}
/**
 * The mailbox is at lon and may come back; the MTA of nyc believes that it never went, since it has
 * just sent a first letter there.
 */
export const believedHere: Scene = {
  mailboxes: [ANNA, CAROL],
  before: [{ act: send(['anna'], { as: 'first' }) }, { act: move('anna', 'lon') }],
  acts: [send(['anna']), move('anna', 'nyc', 'move-2')],
}
/** As many recipients as this, whom nobody knows, and no report of any. */
export const crowd = (size: number): Scene => ({
  mailboxes: [CAROL],
  acts: [
    send(
      Array.from({ length: size }, (_, i) => `nobody${i + 1}`),
      { wanted: false },
    ),
  ],
})

/** The store may put an offer off, so often. */
export const busy = (mailbox = 'anna', times = 1): PlannedFault[] => [
  { name: 'busy', mailbox, times, order: { defer: true } },
]
/** Retries and expiry so near that a search gets there. */
export const soon = (retry: number, expiry: number): Partial<Profile> => ({
  storeRetryMs: retry * 1_000,
  expiryMs: { urgent: expiry * 1_000, normal: expiry * 1_000, 'non-urgent': expiry * 1_000 },
})

/** These timers are never armed. */
export const untimed = (...names: Timer[]): Removal => ({
  edit: (stepped) => ({
    ...stepped,
    timers: new Map(
      [...stepped.timers].filter(([, { timer, due }]) => due === null || !names.includes(timer)),
    ),
  }),
})

/** When this event has been taken, an old one is seen again. */
export const seenAgain = (
  when: EventType,
  old: (event: MailEvent) => Omit<MailEvent, 'id' | 'at'>,
): Removal => ({
  edit: (stepped, { event }) =>
    event.type === when
      ? { ...stepped, events: [...stepped.events, { ...old(event), id: '', at: 0 }] }
      : stepped,
})

/** The letter as it was offered to the store of nyc at first. */
export const OLD_OFFER: Omit<MailEvent, 'id' | 'at'> = {
  to: 'mailbox/nyc/anna',
  type: 'mail.offered',
  entry: 'recipient/letter/nyc/1',
  alias: 'anna',
  original: 'anna',
  attempt: 1,
  item: {
    key: 'letter',
    from: 'carol',
    subject: 'letter',
    size: 0,
    sentAt: BEGINS_AT,
    receivedAt: 0,
  },
}
