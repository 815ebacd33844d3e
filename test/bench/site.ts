/**
 * The benchmarks' site: its mailboxes are all at one server, so that a message has one copy and the
 * chain of jobs is the shortest that there is. (A second server is there for a mailbox to move to.)
 */

import type { Service } from './service.ts'
import { type Follower, openFollower, type Settled } from './settled.ts'

export const SITE = 'bench'
export const SERVER = 'nyc'
export const OTHER_SERVER = 'lon'
export const SERVERS = [SERVER, OTHER_SERVER]

/**
 * Mail that comes to a mailbox's old place is sent on: a move reports none of what arrives
 * meanwhile.
 */
const PROFILE = 'modern'

/** Even single recipients are spread over this many mailboxes, as in a department. */
const MAILBOXES_LEAST = 100

/** About the size of a short note. */
const TEXT = 'The meeting is at noon. '.repeat(10)

export interface BenchSite {
  follower: Follower
  /** From the request to the recipient's last; sender and recipients take turns. */
  deliver(recipients: number): Promise<Delivery>
  /** To these in particular. */
  deliverTo(to: string[]): Promise<Delivery>
  close(): Promise<void>
}

export interface Delivery extends Settled {
  id: string
  /** When it was sent, by performance.now(). */
  sent: number
}

export async function openSite(service: Service, mailboxes: number): Promise<BenchSite> {
  const count = Math.max(MAILBOXES_LEAST, mailboxes)
  const aliases = Array.from({ length: count }, (_, i) => `m${i}`)
  await service.http.post('/sites', {
    name: SITE,
    profile: PROFILE,
    servers: SERVERS,
    mailboxes: aliases.map((alias) => ({ alias, server: SERVER })),
  })
  const follower = await openFollower(service.connection, SITE, SERVER)
  let turn = 0
  const deliverTo = async (to: string[]): Promise<Delivery> => {
    const message = { from: aliases[turn % MAILBOXES_LEAST], to, subject: 'Meeting', text: TEXT }
    turn++
    const sent = performance.now()
    const { id } = await service.http.post<{ id: string }>(`/sites/${SITE}/messages`, message)
    return { id, sent, ...(await follower.settled(id)) }
  }
  return {
    follower,
    deliverTo,
    deliver(recipients) {
      const among = Math.max(MAILBOXES_LEAST, recipients)
      const from = (turn * recipients) % among
      return deliverTo(Array.from({ length: recipients }, (_, i) => `m${(from + i) % among}`))
    },
    close: () => follower.close(),
  }
}

/**
 * From the request until this process had read of the end: all that a client could see, and a
 * little more.
 */
export const seenMs = ({ sent, seen }: Delivery): number => seen - sent

/**
 * From the request until the end was committed, by Redis's clock: under load, reading of it takes
 * its time.
 */
export const committedMs = ({ sent, at }: Delivery): number => at - (performance.timeOrigin + sent)
