/**
 * A live site in this process: emulator and workers on the real Redis, shared by the tests of one
 * file; each test makes a site of its own.
 *
 * The site is as the demo site is: anna (alternate bob, both), bob and carol at nyc, dave at lon.
 */
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect } from 'vitest'
import { DEMO_SITE } from '../../services/demo.ts'
import type { Emulator } from '../../services/runtime/emulator.ts'
import { base } from '../../services/runtime/keys.ts'
import { openEmulator } from '../../services/runtime/live.ts'
import type { Audit, MoveView } from '../../services/runtime/views-of-driving.ts'
import type {
  Accepted,
  EntryView,
  SiteSpec,
  Submission,
} from '../../services/runtime/views-of-mail.ts'
import { startWorkers, type Workers } from '../../services/workers.ts'
import { freshConnection } from './redis.ts'

export const ALL_ROLES = ['mta', 'store', 'moves', 'directory'] as const

/** Long enough on a busy machine; what is waited for takes milliseconds. */
export const SOON_MS = 20_000
export const soon = { timeout: SOON_MS, interval: 10 }

export interface Sites {
  connection: ReturnType<typeof freshConnection>
  emulator: Emulator
  /** For looking at Redis past the emulator, and for spoiling it. */
  client: Redis
  /** Makes a site and says its name. */
  open(spec?: Partial<SiteSpec>): Promise<string>
  send(site: string, to: string | string[], more?: Partial<Submission>): Promise<Accepted>
  /** The entries of a message, once all of them are settled. */
  settled(site: string, id: string): Promise<EntryView[]>
  /** The ledger at rest; its totals sum to the obligations. */
  rest(site: string): Promise<Audit>
  /** What has arrived in a mailbox: subjects, the oldest first. */
  subjects(site: string, alias: string): Promise<string[]>
  /** The move once it is as asked. */
  moveIn(site: string, id: string, state: Partial<MoveView>): Promise<MoveView>
  /** A key of the site's only shard. */
  key(site: string, name: string): string
}

export const DEMO: Omit<SiteSpec, 'name'> = {
  profile: 'exchange-5.5-sp4',
  servers: DEMO_SITE.servers,
  mailboxes: DEMO_SITE.mailboxes ?? [],
}

/** Called once at the top of a file; its members are there when a test begins. */
export function liveSites(options: { workers: boolean } = { workers: true }): Sites {
  const connection = freshConnection()
  const closing: (() => Promise<unknown>)[] = []
  let number = 0

  const sites: Sites = {
    connection,
    emulator: undefined as unknown as Emulator,
    client: undefined as unknown as Redis,
    async open(spec = {}) {
      number += 1
      const name = spec.name ?? `site-${number}`
      await sites.emulator.createSite({ ...DEMO, ...spec, name })
      return name
    },
    send: (site, to, more = {}) =>
      sites.emulator.accept(site, {
        from: 'carol',
        to: [to].flat(),
        subject: 'Lunch?',
        text: 'At noon.',
        ...more,
      }),
    async settled(site, id) {
      await expect
        .poll(async () => (await sites.emulator.message(site, id)).state, soon)
        .toBe('settled')
      return (await sites.emulator.message(site, id)).recipients
    },
    async rest(site) {
      const audit = await sites.emulator.audit(site, SOON_MS)
      expect(audit.atRest).toBe(true)
      expect(total(audit)).toBe(audit.obligations)
      return audit
    },
    async subjects(site, alias) {
      const page = { offset: 0, limit: 1_000 }
      return (await sites.emulator.items(site, alias, page)).items.map(({ subject }) => subject)
    },
    async moveIn(site, id, state) {
      await expect.poll(() => sites.emulator.move(site, id), soon).toMatchObject(state)
      return sites.emulator.move(site, id)
    },
    key: (site, name) => `${base({ ...connection, site }, 0)}:${name}`,
  }

  beforeAll(async () => {
    // What a test computes in this process makes no service late.
    const emulator = await openEmulator(connection, { lagMs: Number.POSITIVE_INFINITY })
    sites.emulator = emulator
    sites.client = connection.client() as Redis
    const workers: Workers | null = options.workers
      ? await startWorkers(connection, { roles: [...ALL_ROLES] })
      : null
    closing.push(
      () => workers?.close() ?? Promise.resolve(),
      () => emulator.close(),
      () => sites.client.quit(),
    )
  })

  afterAll(async () => {
    for (const close of closing) await close()
  })

  return sites
}

/** Every obligation once, whichever way it ended. */
export const total = (audit: Audit): number =>
  audit.delivered +
  audit.reported +
  audit.silenced +
  audit.deadLettered +
  audit.handedOff +
  audit.pending +
  audit.lost.length

/** Nothing wrong in the ledger. */
export const FLAWLESS = { lost: [], duplicated: [], unexpected: [], falseReports: [], pending: 0 }
