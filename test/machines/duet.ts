/**
 * One move together with the two mailboxes that it drives: a model of the three machines and the
 * events between them.
 *
 * Owns only what the step would do for them: whom a role is, which mover a mailbox knows, and the
 * page that a move is at. Events may overtake one another, a request may be repeated while it is
 * still on its way, somebody may cancel the move or delete the mailbox, a fault rule may refuse:
 * every order is walked.
 */
import { mailbox } from '../../machines/mailbox.ts'
import { move } from '../../machines/move.ts'
import type { Ask } from '../../machines/protocol.ts'
import { initial, type Situation, transition } from '../../machines/transition.ts'

export type Side = 'source' | 'target'
interface Mail {
  to: 'move' | Side | 'directory'
  type: string
  /** Of an answer: the request that it answers. */
  request?: string
  page?: number
  more?: boolean
  equal?: boolean
  refuse?: boolean
}

export interface World {
  move: Situation
  page: number
  armed: boolean
  source: Situation
  target: Situation
  /** Which mailboxes have let this move in. */
  known: { source: boolean; target: boolean }
  deleted: boolean
  mail: Mail[]
}

export interface Step {
  name: string
  after: World
  /** Nobody asked for it: it happens by itself sooner or later. */
  natural: boolean
}

/**
 * No alarm rings while so many events are on their way: a request and its repetition are enough.
 */
const MAIL_MAX = 2
const PAGES_MAX = 2
const REFUSABLE = new Set(['lock.requested', 'target.requested', 'page.copied'])
const PAGED = new Set(['page.requested', 'drain.requested'])

export function begin(holdAt: string | null): World {
  const asked = initial(move, { holdAt })
  const absent = initial(mailbox)
  const world: World = {
    move: asked,
    page: 0,
    armed: false,
    source: transition(mailbox, absent, { type: 'mailbox.created' }),
    target: absent,
    known: { source: false, target: false },
    deleted: false,
    mail: [],
  }
  return tell(world, { to: 'move', type: 'move.requested' })
}

export const stateOf = ({ value }: Situation): string =>
  typeof value === 'string' ? value : Object.entries(value).flat().join('.')

export const isOver = ({ move }: World): boolean =>
  ['completed', 'rolledBack', 'refused'].includes(stateOf(move))

export function steps(world: World): Step[] {
  const natural = [...deliveries(world), ...alarms(world), ...releases(world)]
  const asked = [
    { name: 'move.cancelled', after: tell(world, { to: 'move', type: 'move.cancelled' }) },
    ...deletion(world),
  ]
  return [
    ...natural.map((step) => ({ ...step, natural: true })),
    ...asked.map((step) => ({ ...step, natural: false })),
  ]
}

type Named = Omit<Step, 'natural'>

const deliveries = (world: World): Named[] =>
  world.mail.flatMap((mail, index) => {
    const rest = { ...world, mail: world.mail.filter((_, other) => other !== index) }
    return variantsOf(world, mail).map((variant) => ({
      name: nameOf(variant),
      after: variant.to === 'directory' ? answered(rest, variant) : tell(rest, variant),
    }))
  })

/** What the store's items, a comparison or a fault rule may add. */
function variantsOf(world: World, mail: Mail): Mail[] {
  if (mail.to !== 'source' && mail.to !== 'target') return [mail]
  if (mail.type === 'census.taken') return [true, false].map((equal) => ({ ...mail, equal }))
  if (mail.type === 'trim.due') return [{ ...mail, more: false }]
  const last = [{ ...mail, more: false }]
  const more = mail.more ?? ((mail.page ?? 0) < PAGES_MAX - 1 && mayHaveMore(world, mail))
  const variants =
    mail.more === undefined && more ? [...last, { ...mail, more }] : [{ ...mail, more }]
  return REFUSABLE.has(mail.type) ? [...variants, { ...mail, more: false, refuse: true }] : variants
}

const mayHaveMore = (world: World, { type }: Mail): boolean =>
  PAGED.has(type) || (type === 'flush.requested' && world.target.value === 'inTransit')

const nameOf = ({ to, type, request, more, equal, refuse }: Mail): string => {
  const words = [
    request,
    more && 'more',
    equal === false && 'unequal',
    refuse && 'ordered to refuse',
  ]
  const said = words.filter(Boolean).join(', ')
  return `${type}${said && `(${said})`} at ${to}`
}

/** The alarm of an open request; it may ring early. */
const alarms = (world: World): Named[] =>
  world.armed && world.mail.length < MAIL_MAX
    ? [{ name: 'reply.due', after: tell(world, { to: 'move', type: 'reply.due' }) }]
    : []

const releases = (world: World): Named[] =>
  stateOf(world.move).endsWith('.held')
    ? [{ name: 'move.released', after: tell(world, { to: 'move', type: 'move.released' }) }]
    : []

function deletion(world: World): Named[] {
  if (world.deleted) return []
  const after = tell(world, { to: 'source', type: 'mailbox.deleted' })
  const deleted = stateOf(after.source) === 'removing'
  return [{ name: 'mailbox.deleted at source', after: { ...after, deleted } }]
}

const answered = (world: World, { type }: Mail): World => ({
  ...world,
  mail: [...world.mail, { to: 'move', type: 'request.granted', request: type, equal: true }],
})

/** One event to one actor, and what it asks. */
function tell(world: World, mail: Mail): World {
  if (mail.to === 'move') return tellMove(world, mail)
  if (mail.to === 'directory') return world
  const side = mail.to
  const mover = world.known[side] ? 'same' : 'new'
  const ordered = mail.refuse ? { refuse: { reason: 1, diagnostic: 4 } } : undefined
  const moved = transition(mailbox, world[side], { ...mail, mover, ordered } as { type: string })
  const known = moved.asks.some((ask) => 'keep' in ask && ask.keep === 'hold')
  const after = {
    ...world,
    [side]: { value: moved.value, context: moved.context },
    known: { ...world.known, [side]: world.known[side] || known },
  }
  return {
    ...after,
    mail: [...world.mail, ...moved.asks.flatMap((ask) => fromBox(ask, side, mail))],
  }
}

function fromBox(ask: Ask, side: Side, mail: Mail): Mail[] {
  if (!('send' in ask)) return []
  const { page, more, equal = true } = mail
  const turn = page === undefined ? {} : { page }
  if (ask.to === 'self') return [{ to: side, type: ask.send }]
  if (ask.to === 'move') {
    const request = mail.request ?? mail.type
    return [{ to: 'move', type: ask.send, request, more: more ?? false, equal, ...turn }]
  }
  if (ask.to !== 'source' && ask.to !== 'target') return []
  return [{ to: ask.to, type: ask.send, request: mail.type, more: more ?? false, ...turn }]
}

function tellMove(world: World, mail: Mail): World {
  const stale = mail.page !== undefined && mail.page !== world.page
  const event = { equal: true, more: false, holdAt: null, ...mail, stale } as { type: string }
  const moved = transition(move, world.move, event)
  const after = { ...world, armed: world.armed && mail.type !== 'reply.due' }
  // How often a request was repeated makes no difference to what happens.
  after.move = { value: moved.value, context: { ...moved.context, tries: 0 } }
  for (const ask of moved.asks) {
    if ('arm' in ask) after.armed = true
    if ('disarm' in ask) after.armed = false
    if ('keep' in ask) after.page = mail.page !== undefined && mail.more ? mail.page + 1 : 0
    if ('send' in ask) after.mail = [...after.mail, request(ask, after.page)]
  }
  return after
}

function request({ send: type, to }: Extract<Ask, { send: unknown }>, page: number): Mail {
  if (to === 'sourceDirectory' || to === 'targetDirectory') return { to: 'directory', type }
  return { to: to as Side, type, ...(PAGED.has(type) ? { page } : {}) }
}
