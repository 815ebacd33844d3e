/** Safeguards of the commit, and timers beside what is asked: whoever waits has one. */
import type { Safeguard } from './safeguard.ts'
import { ANNA, busy, CAROL, crowd, letter, movedLetter, onlyMove, send, untimed } from './scenes.ts'

const REDIS = 'services/runtime/commit.ts'
const RECIPIENT = 'machines/recipient.ts'

export const COMMIT: Safeguard[] = [
  {
    name: 'the outbox: events that leave are committed with the step',
    at: REDIS,
    breaks: 'I5 letter nobody own',
    scene: { mailboxes: [CAROL], acts: [send(['nobody'])] },
    bounds: { crashes: 1 },
    without: { dying: (stepped) => ({ ...stepped, events: [] }) },
  },
  {
    name: 'timers are committed with the step',
    at: REDIS,
    breaks: 'I5 letter anna own',
    scene: { ...letter(), faults: busy() },
    bounds: { crashes: 1, retries: 1 },
    without: { dying: (stepped) => ({ ...stepped, timers: new Map() }) },
  },
  {
    name: 'items are committed with the step',
    at: REDIS,
    breaks: 'I2 letter anna own',
    scene: letter(),
    bounds: { crashes: 1, retries: 1 },
    without: { dying: (stepped) => ({ ...stepped, items: [] }) },
  },
  {
    name: 'actors are committed with what they say',
    at: REDIS,
    breaks: 'I8 letter anna own',
    scene: letter('lon'),
    bounds: { crashes: 1, retries: 1 },
    without: { dying: (stepped) => ({ ...stepped, actors: new Map() }) },
  },
]

export const TIMERS: Safeguard[] = [
  {
    name: 'a timer beside an offer',
    at: RECIPIENT,
    breaks: 'I5 letter anna own',
    scene: letter(),
    bounds: { lostReplies: 1, retries: 1 },
    without: untimed('reply'),
  },
  {
    name: 'a timer beside a transfer',
    at: RECIPIENT,
    breaks: 'I5 letter anna own',
    scene: letter('lon'),
    bounds: { lostReplies: 1, retries: 1 },
    without: untimed('reply'),
  },
  {
    name: 'timers beside the nudge: the retry, and behind it the expiry',
    at: RECIPIENT,
    breaks: 'I5 letter anna own',
    scene: movedLetter(),
    bounds: {},
    without: untimed('retry', 'expiry'),
  },
  {
    name: "a timer beside a move's request",
    at: 'machines/move.ts',
    breaks: 'I6 mailbox anna',
    scene: onlyMove,
    bounds: { lostReplies: 1, retries: 1 },
    without: untimed('reply'),
  },
  {
    name: 'a timer beside the next chunk',
    at: 'machines/message.ts',
    breaks: 'I5 letter nobody201 own',
    scene: crowd(201),
    bounds: { crashes: 1, retries: 1 },
    given: {
      words: 'no outbox',
      dying: (stepped) => ({ ...stepped, events: [] }),
    },
    without: untimed('routing'),
  },
  {
    name: 'a timer beside a delivery that is deferred',
    at: 'machines/message.ts',
    breaks: 'I5 letter anna own',
    scene: { mailboxes: [ANNA, CAROL], acts: [send(['anna'], { deferForMs: 60_000 })] },
    bounds: { retries: 1 },
    without: untimed('deferral'),
  },
]
