/**
 * The two implementations of the commit port, each with a site of its own, and what can be seen of
 * it beside the port.
 */
import { onTestFinished } from 'vitest'
import { PROFILES } from '../../../machines/profile.ts'
import type { EntryRecord, MailEvent } from '../../../machines/wire.ts'
import { found } from '../../../services/check/acts.ts'
import { plainCells } from '../../../services/check/cells.ts'
import { emptyStore, openMemoryPort } from '../../../services/check/memory-port.ts'
import { asciiJson } from '../../../services/runtime/ascii.ts'
import { startedClock } from '../../../services/runtime/clock.ts'
import { messageKey, part } from '../../../services/runtime/keys.ts'
import type { JournalRecord, Port } from '../../../services/runtime/port.ts'
import { openPort, outboxText } from '../../../services/runtime/redis-port.ts'
import { openSettings, type Settings, siteFacts } from '../../../services/runtime/settings.ts'
import { DEMO, type Sites } from '../../support/site.ts'

export interface Subject {
  port: Port
  settings: Settings
  /** The settings change: a step that read the old ones is refused. */
  turnEpoch(): Promise<void>
  /** The recipients of an accepted message. */
  accept(id: string, chunks: EntryRecord[][]): Promise<void>
  /** An event from outside is under way. */
  inject(event: MailEvent): Promise<void>
  outbox(): Promise<string[]>
  timers(): Promise<Record<string, number>>
  journal(): Promise<JournalRecord[]>
}

/** The demo's mailboxes, and one with a name that objects have. */
const MAILBOXES = [...(DEMO.mailboxes ?? []), { alias: 'constructor', server: 'lon' }]

/** For `describe.each`: how each is called, and how it is opened. */
export const subjects = (sites: Sites): [string, () => Promise<Subject>][] => [
  ['in memory', inMemory],
  ['on Redis', () => onRedis(sites)],
]

async function inMemory(): Promise<Subject> {
  const settings: Settings = {
    namespace: 'memory',
    site: 'site',
    shards: 1,
    epoch: 1,
    domain: 'site.example',
    servers: DEMO.servers,
    profile: PROFILES['exchange-5.5-sp4'] as Settings['profile'],
    clock: startedClock(0),
    paused: false,
    faults: [],
    createdAt: 0,
    expiresAt: null,
  }
  const cells = plainCells()
  found(cells, siteFacts(settings), MAILBOXES)
  const store = emptyStore(cells, settings.epoch)
  return {
    port: openMemoryPort(store),
    settings,
    turnEpoch: async () => {
      store.epoch += 1
    },
    accept: async (id, chunks) => cells.set(`accepted ${id}`, chunks),
    inject: async (event) => void store.outbox.set(event.id, event),
    outbox: async () => [...store.outbox.keys()].sort(),
    timers: async () => Object.fromEntries(store.timers),
    journal: async () => store.journal,
  }
}

async function onRedis(sites: Sites): Promise<Subject> {
  const site = await sites.open({ mailboxes: MAILBOXES })
  const store = await openSettings(sites.connection)
  onTestFinished(() => store.close())
  const { client } = store
  const settings = (await store.get(site)) as Settings
  const at = (name: Parameters<typeof part>[2]) => part(settings, 0, name)
  return {
    port: openPort(client),
    settings,
    turnEpoch: async () => void (await store.change(site, (old) => old)),
    async accept(id, chunks) {
      const fields = chunks.flatMap((chunk, i) => [`to/${i}`, asciiJson(chunk)])
      await client.hset(messageKey(settings, id), ...fields)
    },
    inject: async (event) => void (await client.hset(at('outbox'), event.id, outboxText(event))),
    outbox: async () => (await client.hkeys(at('outbox'))).sort(),
    async timers() {
      const flat = await client.zrange(at('timers'), '0', '-1', 'WITHSCORES')
      const pairs = flat.flatMap((name, i) => (i % 2 ? [] : [[name, Number(flat[i + 1])] as const]))
      return Object.fromEntries(pairs)
    },
    async journal() {
      const all = await client.xrange(at('journal'), '-', '+')
      return all.map(([, [, text]]) => JSON.parse(text as string) as JournalRecord)
    },
  }
}
