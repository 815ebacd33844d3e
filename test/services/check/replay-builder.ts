/**
 * Schedules written by hand: a site in memory whose events are taken in the order that a test
 * wants, each step written down as it is taken.
 */
import { PROFILES } from '../../../machines/profile.ts'
import type { Ordered } from '../../../machines/protocol.ts'
import type { MailboxFacts } from '../../../machines/site.ts'
import type { MailEvent, SiteFacts } from '../../../machines/wire.ts'
import { type Act, sayAct } from '../../../services/check/acts.ts'
import { machinesDigest } from '../../../services/check/machines-digest.ts'
import { outcomesOf, Rehearsal } from '../../../services/check/rehearsal.ts'
import type { Schedule, Taking } from '../../../services/check/schedule.ts'

export const MAILBOXES: MailboxFacts[] = [
  { alias: 'anna', server: 'nyc', alternateRecipient: 'bob', deliverToBoth: true },
  { alias: 'bob', server: 'nyc' },
  { alias: 'carol', server: 'nyc' },
  { alias: 'dave', server: 'lon' },
]

/** An event by its type and a part of the address that it goes to. */
export type Wanted = [type: string, to?: string]

const is = ({ type, to }: MailEvent, [wanted, part = '']: Wanted): boolean =>
  type === wanted && to.includes(part)

export class Builder {
  readonly #rehearsal: Rehearsal
  readonly #mailboxes: MailboxFacts[]

  constructor(profile: string, mailboxes = MAILBOXES, servers = ['nyc', 'lon']) {
    const figures = PROFILES[profile]
    if (!figures) throw new Error(`there is no profile ${profile}`)
    const site: SiteFacts = { name: 'test', domain: 'test.example', servers, profile: figures }
    this.#mailboxes = mailboxes
    this.#rehearsal = new Rehearsal(site, mailboxes)
  }

  set at(time: number) {
    this.#rehearsal.at = time
  }

  act(act: Act): void {
    if (!this.#rehearsal.act(act)) throw new Error(`refused: ${sayAct(act)}`)
  }

  take(wanted: Wanted, how: Exclude<Taking, 'ring'> = 'take'): void {
    this.#rehearsal.take(this.#first(wanted), { do: how })
  }

  /** It is taken with an order of a fault rule to whoever takes it. */
  order(wanted: Wanted, ordered: Ordered): void {
    this.#rehearsal.take(this.#first(wanted), { do: 'take', ordered })
  }

  /** The MTA believes its cache, however old that is. */
  takeStale(wanted: Wanted): void {
    this.#rehearsal.take(this.#first(wanted), { do: 'take', stale: true })
  }

  /** All that is under way, the oldest first, until nothing is, or this is there. */
  takeAll(until?: Wanted): void {
    for (let [next] = this.#rehearsal.all(); next; [next] = this.#rehearsal.all()) {
      if (until && [...this.#rehearsal.all()].some((event) => is(event, until))) return
      this.#rehearsal.take(next, { do: 'take' })
    }
  }

  /** The timer's event at its date, or later. */
  ring(name: string, to: string, at = 0): void {
    const { timers } = this.#rehearsal
    const found = [...timers.keys()]
      .map((key) => key.split('|') as [string, NonNullable<MailEvent['timer']>, string])
      .find(([actor, timer]) => timer === name && actor.includes(to))
    if (!found) throw new Error(`no ${name} timer of ${to}: ${[...timers.keys()].join()}`)
    const [actor, timer, key] = found
    const of = key === '' ? {} : { version: Number(key) }
    const event = this.#rehearsal.alarm({ to: actor, timer, ...of }) as MailEvent
    this.#rehearsal.at = Math.max(this.#rehearsal.at, event.due as number, at)
    this.#rehearsal.take(event, { do: 'ring' })
  }

  schedule(): Schedule {
    const { site, steps } = this.#rehearsal
    return {
      ...{ v: 1, machines: machinesDigest(), scenario: 'by hand' },
      profile: site.profile.name,
      site,
      mailboxes: this.#mailboxes,
      steps,
      outcomes: outcomesOf(this.#rehearsal.judge()),
    }
  }

  #first(wanted: Wanted): MailEvent {
    const all = [...this.#rehearsal.all()]
    const event = all.find((one) => is(one, wanted))
    if (event) return event
    const there = all.map(({ type, to }) => `${type} ${to}`).join(', ')
    throw new Error(`no ${wanted.join(' for ')}: ${there}`)
  }
}

export const send = (as: string, from: string, to: string[]): Act => ({
  ...{ do: 'send', as, from, to, server: 'nyc', priority: 'normal', wanted: true },
})

export const move = (mailbox: string, to = 'lon', number = 1): Act => ({
  ...{ do: 'move', id: `move-${number}`, mailbox, to },
})
