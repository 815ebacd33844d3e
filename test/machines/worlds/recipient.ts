/**
 * The recipient machine under every order of events, with and without the profile's part, and R1 to
 * R5.
 */
import { type RecipientContext, recipient, WITHDRAWALS_MAX } from '../../../machines/recipient.ts'
import { type Catalogue, NO_FIELDS, variantsIn, yesNo } from '../catalogue.ts'
import type { Edge, Place, World } from '../walk.ts'
import { armedAfter, sends } from '../witness.ts'

interface Witness {
  armed: string[]
  /** How often it told the message that the entry is closed. */
  closed: number
}

const route = { here: 'here', elsewhere: 'elsewhere', unknown: 'unknown' } as const
const attempt = {
  'this attempt': ({ attempts }: RecipientContext) => attempts,
  'earlier attempt': ({ attempts }: RecipientContext) => attempts - 1,
}

const stale = yesNo('stale')

export const events: Catalogue<'recipient', RecipientContext> = {
  'route.here': NO_FIELDS,
  'route.elsewhere': NO_FIELDS,
  'route.unknown': NO_FIELDS,
  'route.looped': NO_FIELDS,
  'route.prohibited': NO_FIELDS,
  'route.redirected': NO_FIELDS,
  'route.expanded': NO_FIELDS,
  'route.unexpanded': NO_FIELDS,
  'reply.accepted': NO_FIELDS,
  'reply.deferred': { attempt },
  'reply.refused': {
    attempt,
    unknown: { 'no mailbox': true, 'other refusal': false },
    nullSender: yesNo('nullSender'),
    route,
  },
  'reply.withdrawn': NO_FIELDS,
  'reply.unknown': NO_FIELDS,
  'transfer.taken': NO_FIELDS,
  'transfer.deferred': { stale },
  'transfer.refused': { stale },
  'retry.due': { route },
  'reply.due': { route },
  'expiry.due': { route },
  'mailbox.settled': { attempt, route },
}

/** The profile says how many transfers may be put off; one is enough to see both sides. */
const TRANSFERS = 1
const ATTEMPTS = 2
/** Repeats are counted against a limit in `withdrawing` only. */
const TRIES = 1

const world = (again: boolean): World<Witness> => ({
  kind: 'recipient',
  setting: { again: again ? 'resolves again' : 'does not resolve again' },
  machine: recipient.provide({
    guards: {
      resolvesAgain: () => again,
      exhausted: ({ context }) => context.transfers >= TRANSFERS,
    },
  }),
  witness: { armed: [], closed: 0 },
  variants: ({ context }, witness) => variantsIn(events, context, witness),
  observe: ({ witness, event, asks }) => ({
    armed: armedAfter(witness.armed, event, asks),
    closed: witness.closed + sends(asks, 'entry.closed'),
  }),
  within: ({ attempts, tries }, state) =>
    Number(attempts) <= ATTEMPTS &&
    Number(tries) <= (state === 'withdrawing' ? WITHDRAWALS_MAX : TRIES),
})

export const worlds = [world(false), world(true)]

const isFinal = ({ done }: Place<Witness>) => done

export const places = {
  'R1. Every state but `queued` and the final ones has a timer of its own': (at: Place<Witness>) =>
    at.state === 'queued' || isFinal(at) || at.witness.armed.length > 0,
  'R1. A final state leaves no timer behind': (at: Place<Witness>) =>
    !isFinal(at) || at.witness.armed.length === 0,
  'R2. Each final state has closed its entry exactly once, no other has': (at: Place<Witness>) =>
    at.witness.closed === (isFinal(at) ? 1 : 0),
}

export const edges = {
  "R3. `delivered` is entered only on the store's word": ({ from, to, variant }: Edge<Witness>) =>
    to.state !== 'delivered' ||
    from.state === 'delivered' ||
    variant.event.type === 'reply.accepted',
  'R5. A transfer ends only with the answer to it': ({ from, to, variant }: Edge<Witness>) =>
    from.state !== 'transferring' ||
    to.state === 'transferring' ||
    (variant.event.type.startsWith('transfer.') && variant.event.stale !== true),
  'R4. It never asks for a report of a failure itself': ({ asks, to }: Edge<Witness>) =>
    sends(asks, 'report.owed') === 0 &&
    (sends(asks, 'report.submitted') === 0 ||
      ['delivered', 'deferred', 'expanded'].includes(to.state)),
  'I9. It expires only from `deferred`, or when the store has answered the withdrawal': ({
    from,
    to,
  }: Edge<Witness>) =>
    to.state !== 'expired' || ['deferred', 'withdrawing', 'expired'].includes(from.state),
  'I9. After an unanswered offer it fails or expires only after a withdrawal': ({
    from,
    to,
  }: Edge<Witness>) =>
    !['failed', 'expired'].includes(to.state) ||
    from.state === to.state ||
    !from.situation.context.unanswered ||
    from.state === 'withdrawing',
}
