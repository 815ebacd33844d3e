/**
 * Limits that need counting: requests that stay open, and what a service or a site may hold.
 *
 * Rules: a place is given back when the connection's answer ends, however it does. What is made is
 * counted and made with nothing in between within this process; of several API processes each may
 * exceed the limit by one that is on its way, which harms nobody.
 */
import type { FastifyReply } from 'fastify'
import { problem } from '../errors.ts'
import type { Emulator } from '../runtime/emulator.ts'
import { exclusively } from '../runtime/mutex.ts'
import { queueNamesOf } from '../runtime/queues.ts'
import type { Limits } from './limits.ts'

/** A client that heard "no place" asks again after so long. */
const RETRY_AFTER_S = 1

export interface Quotas {
  /** Takes a place until the answer has ended; throws when there is none. */
  stream(reply: FastifyReply): void
  wait(reply: FastifyReply): void
  /** Makes a site with these servers, or throws when there are too many. */
  site<T>(name: string, servers: readonly string[], make: () => Promise<T>): Promise<T>
  fault<T>(site: string, make: () => Promise<T>): Promise<T>
}

export function quotasOf(emulator: Emulator, limits: Limits): Quotas {
  return {
    stream: places('too-many-streams', limits.streams),
    wait: places('too-many-waits', limits.waits),
    site: (name, servers, make) =>
      exclusively(['quota of sites'], async () => {
        const queues = await emulator.queueNames()
        const sites = new Set(queues.map((queue) => queue.split('.')[0]))
        if (sites.size >= limits.sites) {
          throw problem('too-many-sites', `there are ${sites.size}; ${limits.sites} may be`)
        }
        const all = queues.length + queueNamesOf(name, [...servers]).length
        if (all <= limits.queues) return make()
        throw problem('too-many-sites', `with it there were ${all} queues; ${limits.queues} may be`)
      }),
    fault: (site, make) =>
      exclusively([`quota of faults ${site}`], async () => {
        const { length } = await emulator.faults(site)
        if (length < limits.faults) return make()
        throw problem('too-many-faults', `the site has ${length}; ${limits.faults} may be`)
      }),
  }
}

function places(code: 'too-many-streams' | 'too-many-waits', most: number) {
  let taken = 0
  return (reply: FastifyReply): void => {
    if (taken >= most) {
      reply.header('retry-after', RETRY_AFTER_S)
      throw problem(code, `${taken} are open; ${most} may be`)
    }
    // A client that is gone already will not say so again.
    if (reply.raw.destroyed) return
    taken += 1
    reply.raw.once('close', () => {
      taken -= 1
    })
  }
}
