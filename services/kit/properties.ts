/**
 * Properties of a site, for fast-check: `undeliverable/properties`.
 *
 *     const lab = await startLab()
 *     const options = { profile: 'exchange-5.5-sp4' }
 *     await fc.assert(nothingIsLost(lab, options, (site) => mySync(site.url)))
 *
 * Each run is a site of its own in the lab's service, with people, mail, moves and faults that are
 * drawn; whatever the test itself does to it happens meanwhile. Then site time runs until nothing
 * is left, and the ledger is asked. A run that loses anybody is shrunk to the least that does.
 */
import fc from 'fast-check'
import { UndeliverableError } from '../client/problem.ts'
import type { Site } from '../client/site.ts'
import { type Course, courses } from './arbitraries.ts'
import type { Lab } from './lab.ts'
import { noSilentLoss } from './outcomes.ts'

export {
  type Course,
  courses,
  faults,
  messages,
  moves,
  type SitePlan,
  sites,
} from './arbitraries.ts'

export interface PropertyOptions {
  profile?: Parameters<Site['changeProfile']>[0] | undefined
  /** What is drawn. Default: `courses()`. */
  course?: fc.Arbitrary<Course>
  /** How long one run may take to come to rest. */
  deadlineMs?: number
}

/** Runs so far in this process: a site's name is used once. */
let runs = 0

/** With this profile nothing is lost, whatever is drawn and whatever `meanwhile` does. */
export function nothingIsLost(
  lab: Pick<Lab, 'client'>,
  options: PropertyOptions = {},
  meanwhile: (site: Site) => unknown = () => undefined,
) {
  const { profile = 'modern', course = courses(), deadlineMs } = options
  return fc.asyncProperty(course, async (drawn) => {
    runs += 1
    const name = `drawn-${process.pid}-${runs}`
    const site = await lab.client.sites.create({ name, profile, ...drawn.site })
    try {
      await perform(site, drawn, meanwhile)
      // What is drawn may well never meet its fault.
      const limit = deadlineMs === undefined ? {} : { deadlineMs }
      const { pass, message } = await noSilentLoss(site, { ...limit, unfired: 'allow' })
      if (!pass) throw new Error(message)
    } finally {
      await site.delete()
    }
  })
}

/** Site time stands still meanwhile, so that a slow machine draws the same. */
async function perform(site: Site, drawn: Course, meanwhile: (site: Site) => unknown) {
  await site.clock.stop()
  for (const fault of drawn.faults) await site.faults.add(fault)
  const own = meanwhile(site)
  for (const act of drawn.acts) {
    if ('send' in act) await site.send(act.send)
    else await moved(site, act.move)
  }
  await own
}

/** A mailbox that is under way, or has come there by a fault, is not moved: that is no failure. */
const NOT_NOW = ['mailbox-moving', 'same-server']

async function moved(site: Site, move: Parameters<Site['moves']['start']>[0]): Promise<void> {
  try {
    await site.moves.start(move)
  } catch (error) {
    const expected = error instanceof UndeliverableError && NOT_NOW.includes(error.code)
    if (!expected) throw error
  }
}
