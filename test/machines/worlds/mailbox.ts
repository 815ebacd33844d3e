/** A mailbox under every order of offers, withdrawals and requests, and B1 to B3. */
import { mailbox } from '../../../machines/mailbox.ts'
import { type Catalogue, NO_FIELDS, ORDERED, variantsIn, yesNo } from '../catalogue.ts'
import type { Edge, Place, World } from '../walk.ts'
import { keeps, sends } from '../witness.ts'

interface Witness {
  /** Somebody was deferred and is kept as a waiter. */
  waiter: boolean
}

const found = { new: 'new', held: 'held', barred: 'barred', answered: 'answered' } as const
const request = {
  mover: { 'new mover': 'new', 'same mover': 'same', 'old mover': 'old' },
  more: yesNo('more'),
  ordered: ORDERED,
} as const

export const events: Catalogue<'mailbox'> = {
  'mailbox.created': { again: yesNo('again') },
  'mailbox.deleted': NO_FIELDS,
  'trim.due': { more: yesNo('more') },
  'mailbox.limited': NO_FIELDS,
  'mail.offered': { found, full: yesNo('full'), ordered: ORDERED },
  'offer.withdrawn': { found },
  'item.deleted': { found },
  'lock.requested': request,
  'target.requested': request,
  'page.requested': request,
  'census.requested': request,
  'flush.requested': request,
  'removal.requested': request,
  'nudge.requested': request,
  'close.requested': request,
  'drain.requested': request,
  'discard.requested': request,
  'unlock.requested': request,
  'page.copied': request,
  'page.drained': request,
  'census.taken': request,
}

export const worlds: World<Witness>[] = [
  {
    kind: 'mailbox',
    setting: {},
    machine: mailbox,
    witness: { waiter: false },
    variants: ({ context }, witness) => variantsIn(events, context, witness),
    observe: ({ witness, asks }) => ({
      waiter: (witness.waiter || keeps(asks, 'waiter')) && !keeps(asks, 'nudged'),
    }),
    within: () => true,
  },
]

export const places = {
  'B3. `absent` has no waiter': (at: Place<Witness>) => at.state !== 'absent' || !at.witness.waiter,
}

const replies = ({ asks }: Edge<Witness>) =>
  asks.filter((ask) => 'send' in ask && ask.to === 'entry').length
const answers = ({ asks }: Edge<Witness>) =>
  asks.filter((ask) => 'send' in ask && ['move', 'source', 'target'].includes(ask.to)).length
const isMail = ({ variant }: Edge<Witness>) =>
  ['mail.offered', 'offer.withdrawn'].includes(variant.event.type)
const isRequest = ({ variant }: Edge<Witness>) => 'mover' in variant.event
/** A target that is still clearing away may leave the request to be repeated until it is done. */
const mayWait = ({ from, variant }: Edge<Witness>) =>
  from.state === 'removing' && variant.event.type === 'target.requested'

export const edges = {
  'B1. Every offer and every withdrawal is answered once': (edge: Edge<Witness>) =>
    replies(edge) === (isMail(edge) ? 1 : 0),
  'B1. Every request is answered once': (edge: Edge<Witness>) =>
    mayWait(edge) || answers(edge) === (isRequest(edge) ? 1 : 0),
  'B2. `locked` and `closing` never take mail': ({ from, variant, asks }: Edge<Witness>) =>
    !['locked', 'closing'].includes(from.state) ||
    variant.event.type !== 'mail.offered' ||
    !(keeps(asks, 'item') || keeps(asks, 'inTransit')),
  'B2. `absent` and `removing` hold no mail that counts': ({ from, asks }: Edge<Witness>) =>
    !['absent', 'removing'].includes(from.state) ||
    !(keeps(asks, 'item') || keeps(asks, 'inTransit')),
  'B2. `absent` and `removing` accept only what was delivered': ({
    from,
    variant,
    asks,
  }: Edge<Witness>) =>
    !['absent', 'removing'].includes(from.state) ||
    sends(asks, 'reply.accepted') === 0 ||
    variant.event.found === 'held',
  'I9. A refusal is kept, or follows from what is': ({ variant, asks }: Edge<Witness>) =>
    sends(asks, 'reply.refused') === 0 ||
    keeps(asks, 'refusal') ||
    variant.event.found === 'barred',
  'B3. Who is deferred is kept as a waiter, or was': ({ variant, asks }: Edge<Witness>) =>
    sends(asks, 'reply.deferred') === 0 ||
    keeps(asks, 'waiter') ||
    variant.event.found === 'answered',
  'I2. An offer that is accepted is kept, or was': ({ variant, asks }: Edge<Witness>) =>
    variant.event.type !== 'mail.offered' ||
    sends(asks, 'reply.accepted') === 0 ||
    keeps(asks, 'item') ||
    keeps(asks, 'inTransit') ||
    variant.event.found === 'held',
  'I2. What there is no room for is not taken': ({ from, variant, asks }: Edge<Witness>) =>
    variant.event.type !== 'mail.offered' ||
    !variant.event.full ||
    from.state === 'inTransit' ||
    !(keeps(asks, 'item') || keeps(asks, 'inTransit')),
  'I9. A barred key is never accepted': ({ variant, asks }: Edge<Witness>) =>
    variant.event.found !== 'barred' || sends(asks, 'reply.accepted') === 0,
}
