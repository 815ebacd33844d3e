/**
 * Arbitraries of fast-check: sites, messages, moves and faults, and whole courses of them.
 *
 * What is drawn are small numbers, and names follow from them. So everything shrinks: to fewer
 * people, fewer messages, fewer faults, and to the first of each.
 */
import fc from 'fast-check'
import type { NewFault, NewMailbox, NewMessage, NewMove } from '../client/api-requests.ts'

const PEOPLE = ['anna', 'bob', 'carol', 'dave', 'erin', 'frank'] as const
const SERVERS = ['nyc', 'lon', 'sfo'] as const
/** So many of each in one course: each more is a longer run, and hardly ever another bug. */
const COURSE_MAX = { messages: 3, moves: 2, faults: 2 }
const RECIPIENTS_MAX = 3
/** Recipients are offered again and again; a fault of a later offer than this seldom fires. */
const NTH_MAX = 3

export interface SitePlan {
  servers: string[]
  mailboxes: NewMailbox[]
}

/** What happens in a site: the faults are armed first, then all else in this order. */
export interface Course {
  site: SitePlan
  faults: NewFault[]
  acts: ({ send: NewMessage } | { move: NewMove })[]
}

/** A choice that is made once there is something to choose from. */
const choice = fc.nat({ max: 11 })
const chosen = <One>(list: readonly One[], number: number): One => list[number % list.length] as One

/** Two servers or three, two mailboxes or more; some with an alternate that gets the mail too. */
export const sites = (): fc.Arbitrary<SitePlan> =>
  fc
    .record({
      servers: fc.integer({ min: 2, max: SERVERS.length }),
      people: fc.array(
        fc.record({ server: choice, alternate: fc.option(choice), both: fc.boolean() }),
        { minLength: 2, maxLength: PEOPLE.length },
      ),
    })
    .map(({ servers: count, people }) => {
      const servers = SERVERS.slice(0, count)
      const names = PEOPLE.slice(0, people.length)
      const mailboxes = people.map(({ server, alternate, both }, index): NewMailbox => {
        const alias = chosen(names, index)
        const others = names.filter((name) => name !== alias)
        const own = { alias, server: chosen(servers, server) }
        if (alternate === null) return own
        return { ...own, alternateRecipient: chosen(others, alternate), deliverToBoth: both }
      })
      return { servers, mailboxes }
    })

const aliases = ({ mailboxes }: SitePlan): string[] => mailboxes.map(({ alias }) => alias)

const drawnMessage = fc.record({
  from: choice,
  to: fc.array(choice, { minLength: 1, maxLength: RECIPIENTS_MAX }),
})
const drawnMove = fc.record({ who: choice, where: choice })
const drawnFault = fc.record({
  kind: choice,
  who: choice,
  where: choice,
  phase: choice,
  nth: fc.integer({ min: 1, max: NTH_MAX }),
})

function messageIn(site: SitePlan, { from, to }: { from: number; to: number[] }): NewMessage {
  const names = aliases(site)
  const recipients = [...new Set(to.map((number) => chosen(names, number)))]
  return { from: chosen(names, from), to: recipients, subject: 'drawn' }
}

/** To a server that the mailbox is not on when the site begins. */
function moveIn(site: SitePlan, { who, where }: { who: number; where: number }): NewMove {
  const { alias, server } = chosen(site.mailboxes, who)
  const others = site.servers.filter((name) => name !== server)
  return { mailbox: alias, to: chosen(others, where) }
}

/** The phases before the directory has changed, when a move meets a delivery in different ways. */
const PHASES = ['locked', 'created', 'copying', 'verified', 'committed'] as const

type DrawnFault = typeof drawnFault extends fc.Arbitrary<infer Value> ? Value : never

/** One that lets mail go on in the end: what holds for ever would keep every site from rest. */
function faultIn(site: SitePlan, drawn: DrawnFault): NewFault {
  const move = moveIn(site, drawn)
  const { mailbox } = move
  const match = { event: 'mail.offered', mailbox }
  const when = { nth: drawn.nth }
  const kinds: NewFault[] = [
    { match, when, do: { move, holdUntil: chosen(PHASES, drawn.phase) } },
    { match, when: { first: drawn.nth }, do: { defer: true } },
    { match, when, do: { loseReply: true } },
    { match, when, do: { delay: '3m' } },
    { match, when, do: { again: true } },
  ]
  return chosen(kinds, drawn.kind)
}

/** Messages between the people of a site. */
export const messages = (site: SitePlan): fc.Arbitrary<NewMessage> =>
  drawnMessage.map((drawn) => messageIn(site, drawn))

/** Moves of its mailboxes. */
export const moves = (site: SitePlan): fc.Arbitrary<NewMove> =>
  drawnMove.map((drawn) => moveIn(site, drawn))

/** Fault rules that concern its mailboxes: moved in mid-delivery, deferred, late, twice. */
export const faults = (site: SitePlan): fc.Arbitrary<NewFault> =>
  drawnFault.map((drawn) => faultIn(site, drawn))

/** A site with what happens in it; of each at most so many. */
export const courses = (most: Partial<typeof COURSE_MAX> = {}): fc.Arbitrary<Course> => {
  const max = { ...COURSE_MAX, ...most }
  return fc
    .record({
      site: sites(),
      faults: fc.array(drawnFault, { maxLength: max.faults }),
      moves: fc.array(drawnMove, { maxLength: max.moves }),
      messages: fc.array(drawnMessage, { minLength: 1, maxLength: max.messages }),
    })
    .map((drawn) => {
      const { site } = drawn
      const sends = drawn.messages.map((one) => ({ send: messageIn(site, one) }))
      const moved = drawn.moves.map((one) => ({ move: moveIn(site, one) }))
      // One of each in turn, so that messages and moves overlap.
      const count = Math.max(sends.length, moved.length)
      const acts = Array.from({ length: count }, (_, index) => [moved[index], sends[index]])
      const rules = drawn.faults.map((one) => faultIn(site, one))
      return { site, faults: rules, acts: acts.flat().filter((act) => act !== undefined) }
    })
}
