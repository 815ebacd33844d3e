/**
 * A site far bigger than can be searched, and a busy hour on it: 10 servers, 1,000 mailboxes, 200
 * moves, and mail that is sent where and when mailboxes move.
 */
import { checkProfile } from '../../../machines/profile.ts'
import type { MailboxFacts } from '../../../machines/site.ts'
import type { Act } from '../acts.ts'
import { RATES } from './faults.ts'
import { Random } from './random.ts'
import type { Course, TimedAct } from './world.ts'

export interface Size {
  servers: number
  mailboxes: number
  moves: number
  messages: number
}
export const BIG: Size = { servers: 10, mailboxes: 1_000, moves: 200, messages: 2_000 }

const HOUR_MS = 3_600_000
const BEYOND = 'somebody@else.example'
/** A message is sent so long before or after a mailbox begins to move. */
const AROUND_MS: readonly [number, number] = [-10_000, 20_000]

export function bigCourse(seed: number, profile: string, size: Size = BIG): Course {
  const random = new Random(seed)
  const servers = Array.from({ length: size.servers }, (_, i) => `server-${i + 1}`)
  const mailboxes = mailboxesOf(random, servers, size.mailboxes)
  const moves = movesOf(random, servers, mailboxes, size.moves)
  const sends = sendsOf(random, servers, mailboxes, moves, size.messages)
  const acts = [
    ...moves,
    ...cancelsOf(random, moves),
    ...sends,
    ...removalsOf(random, sends),
    ...editsOf(random, servers, mailboxes),
  ]
  acts.sort((a, b) => a.at - b.at)
  const checked = checkProfile(profile)
  if ('wrong' in checked) throw new Error(checked.wrong)
  return {
    seed,
    site: { name: 'big', domain: 'big.example', servers, profile: checked.profile },
    mailboxes,
    before: [],
    acts,
    faults: RATES,
    faultsUntil: HOUR_MS,
  }
}

const padded = (n: number): string => `${n}`.padStart(4, '0')

function mailboxesOf(random: Random, servers: string[], count: number): MailboxFacts[] {
  const names = Array.from({ length: count }, (_, i) => `user-${padded(i + 1)}`)
  return names.map((alias) => {
    const server = random.pick(servers)
    if (!random.chance(0.2)) return { alias, server }
    const alternateRecipient = random.pick(names)
    return { alias, server, alternateRecipient, deliverToBoth: random.chance(0.7) }
  })
}

type Timed<D extends Act['do']> = { at: number; act: Extract<Act, { do: D }> }

function movesOf(
  random: Random,
  servers: string[],
  mailboxes: MailboxFacts[],
  count: number,
): Timed<'move'>[] {
  const withAlternate = mailboxes.filter(({ alternateRecipient }) => alternateRecipient)
  const times = Array.from({ length: count }, () => random.between(60_000, HOUR_MS * 0.9))
  times.sort((a, b) => a - b)
  // Ids grow with time, since a store tells an older move from a newer one by them.
  return times.map((at, i) => {
    const often = withAlternate.length > 0 && random.chance(0.5)
    const { alias } = random.pick(often ? withAlternate : mailboxes)
    return {
      at,
      act: { do: 'move', id: `move-${padded(i + 1)}`, mailbox: alias, to: random.pick(servers) },
    }
  })
}

const cancelsOf = (random: Random, moves: Timed<'move'>[]): TimedAct[] =>
  moves.flatMap(({ at, act }) =>
    random.chance(0.15)
      ? [{ at: at + random.between(100, 10_000), act: { do: 'cancel', move: act.id } as const }]
      : [],
  )

function sendsOf(
  random: Random,
  servers: string[],
  mailboxes: MailboxFacts[],
  moves: Timed<'move'>[],
  count: number,
): Timed<'send'>[] {
  return Array.from({ length: count }, (_, i) => {
    const move = moves.length > 0 && random.chance(0.6) ? random.pick(moves) : null
    const at = move ? move.at + random.between(...AROUND_MS) : random.between(0, HOUR_MS)
    const to = Array.from({ length: random.between(1, 6) }, () => recipient(random, mailboxes))
    if (move) to[0] = move.act.mailbox
    const sender = random.pick(mailboxes)
    const strange = random.unit()
    const from = strange < 0.03 ? '' : strange < 0.06 ? BEYOND : sender.alias
    const server = random.chance(0.8) ? sender.server : random.pick(servers)
    const priority = random.pick(['urgent', 'normal', 'non-urgent'] as const)
    const act = { from, to: [...new Set(to)], server, priority, wanted: !random.chance(0.03) }
    return { at, act: { do: 'send', as: `message-${i + 1}`, ...act } }
  })
}

const recipient = (random: Random, mailboxes: MailboxFacts[]): string => {
  const strange = random.unit()
  if (strange < 0.02) return BEYOND
  return strange < 0.03 ? 'nobody' : random.pick(mailboxes).alias
}

/** Readers delete what they have received, soon or late. */
const removalsOf = (random: Random, sends: Timed<'send'>[]): TimedAct[] =>
  sends.flatMap(({ at, act: { as: message, to } }) => {
    if (!random.chance(0.1)) return []
    const act = { do: 'remove', mailbox: random.pick(to), message } as const
    return [{ at: at + random.between(500, 60_000), act }]
  })

/**
 * Entries are changed and mailboxes deleted and made, one for every twenty mailboxes; the second
 * half of a change comes as soon as it can.
 */
function editsOf(random: Random, servers: string[], mailboxes: MailboxFacts[]): TimedAct[] {
  const edits = Array.from({ length: Math.ceil(mailboxes.length / 20) }, (_, i): TimedAct => {
    const at = random.between(0, HOUR_MS)
    const { alias } = random.pick(mailboxes)
    const what = random.unit()
    if (what < 0.2) return { at, act: { do: 'delete', mailbox: alias } }
    const made = what < 0.4
    const mailbox = {
      alias: made ? `new-${padded(i + 1)}` : alias,
      server: random.pick(servers),
      alternateRecipient: random.chance(0.5) ? random.pick(mailboxes).alias : null,
      deliverToBoth: random.chance(0.7),
    }
    return { at, act: { do: 'put', mailbox, now: random.chance(0.5) } }
  })
  return edits.flatMap(({ at, act }): TimedAct[] => {
    const mailbox = act.do === 'put' ? act.mailbox.alias : act.do === 'delete' ? act.mailbox : ''
    return [
      { at, act },
      { at: at + 1, act: { do: 'go on', mailbox } },
    ]
  })
}
