/**
 * A site of one's own for a test: `undeliverable/lab`.
 *
 *     const lab = await startLab({ profile: 'exchange-5.5-sp4' })
 *     const letter = await lab.send({ from: 'carol', to: ['anna'] })
 *     await lab.close()
 *
 * The same engine that the service runs (its HTTP API, its queues, its workers), in this process,
 * on a Redis of its own and a free port; so any number of labs may be open side by side, in one
 * process or in many. Closing it leaves no process, no folder and no port behind.
 *
 * Rule: a fault rule that never fired fails the test. `close` rejects, once everything is closed,
 * and names the rules; a chaos test without chaos proves nothing.
 */
import { uuidv7 } from 'uuidv7'
import type { Fault } from '../client/api-answers.ts'
import type { NewFault, NewList, NewMailbox, NewSite } from '../client/api-requests.ts'
import { type Client, openClient } from '../client/client.ts'
import { UndeliverableError } from '../client/problem.ts'
import type { Site } from '../client/site.ts'
import { DEMO_SITE } from '../demo.ts'
import { admitDefects } from '../own/defect-file.ts'
import { openOwnSystem } from '../scenario/system.ts'

export interface LabOptions {
  /** A preset's name, or an object that extends one. Default: `modern`. */
  profile?: NewSite['profile'] | undefined
  /** Default: `nyc` and `lon`. */
  servers?: string[]
  /**
   * Default: those of the demo site. anna (whose mail goes to bob as well), bob and carol are at
   * nyc, dave is at lon.
   */
  mailboxes?: NewMailbox[]
  /** Distribution lists. Default: none. */
  lists?: NewList[]
  domain?: string
  /** Files of defects and policies of one's own, which the profile may then name. */
  defects?: string[]
  /**
   * A Redis that runs, instead of one of the lab's own; the lab keeps to a namespace in it, and
   * clears that away. Default: the environment's REDIS_URL.
   */
  redisUrl?: string
  /** What goes along with each request: `traceparent`, for one. */
  headers?: () => Record<string, string>
  /** What `close` makes of fault rules that never fired. Default: `fail`. */
  unfired?: 'fail' | 'allow'
}

export interface Lab extends Site {
  /** Of the whole service: for more sites than this one. */
  client: Client
  close(): Promise<void>
}

const SITE = 'lab'

/**
 * The fault of Q248839: the mailbox begins to move just as mail is offered to it for the first
 * time, and the offer waits until the move has locked it.
 */
export const movedInMidDelivery = (mailbox: string, to: string): NewFault => ({
  match: { event: 'mail.offered', mailbox },
  when: { nth: 1 },
  do: { move: { mailbox, to }, holdUntil: 'locked' },
})

export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const { profile = 'modern', redisUrl = process.env.REDIS_URL, unfired = 'fail' } = options
  for (const file of options.defects ?? []) await admitDefects(file)
  const namespace = `lab-${uuidv7()}`
  const system = await openOwnSystem(redisUrl ? { redisUrl, namespace } : { namespace })
  try {
    const { headers } = options
    const client = openClient(system.url, headers ? { headers } : {})
    const site = await client.sites.create({ name: SITE, profile, ...topologyOf(options) })
    return labOf(client, site, system.close, unfired)
  } catch (error) {
    await system.close()
    throw error
  }
}

function topologyOf({ servers, mailboxes, lists, domain }: LabOptions) {
  const demo = (DEMO_SITE.mailboxes ?? []) as NewMailbox[]
  return {
    servers: servers ?? DEMO_SITE.servers,
    mailboxes: mailboxes ?? (servers === undefined ? demo : []),
    ...(lists === undefined ? {} : { lists }),
    ...(domain === undefined ? {} : { domain }),
  }
}

function labOf(
  client: Client,
  site: Site,
  end: () => Promise<void>,
  unfired: 'fail' | 'allow',
): Lab {
  const deleted: Fault[] = []
  const faults: Site['faults'] = {
    ...site.faults,
    async delete(id) {
      const known = await site.faults.get(id)
      const answer = await site.faults.delete(id)
      deleted.push(known)
      return answer
    },
  }
  let closing: Promise<void> | null = null
  const finish = async (): Promise<void> => {
    const rules = [...deleted]
    try {
      rules.push(...(await site.faults.list()))
    } catch (error) {
      // A test may have deleted the site itself.
      const gone = error instanceof UndeliverableError && error.code === 'unknown-site'
      if (!gone) throw error
    } finally {
      await end()
    }
    const idle = rules.filter(({ hits }) => hits === 0)
    if (unfired === 'fail' && idle.length > 0) throw new UnfiredFaults(idle)
  }
  const close = (): Promise<void> => {
    closing ??= finish()
    return closing
  }
  return { ...site, faults, client, close }
}

/** A rule in a line, as it was given. */
export const ruleText = ({ match, when, do: what }: Fault): string =>
  JSON.stringify({ match, when, do: what })

/** The test went by without what it was to test. */
export class UnfiredFaults extends Error {
  readonly faults: Fault[]

  constructor(faults: Fault[]) {
    super(
      `These fault rules never fired:\n${faults.map((rule) => `  ${ruleText(rule)}`).join('\n')}`,
    )
    this.name = 'UnfiredFaults'
    this.faults = faults
  }
}
