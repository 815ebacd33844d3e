/**
 * A site in one file: what a failure that was seen live needs to be judged, and made again,
 * elsewhere.
 *
 * The journal is read, then the actors that it names, then the steps that came meanwhile. An actor
 * that none of these changed is known exactly as the journal's end left it, so that a step that is
 * missing from the journal shows, though the site was never stopped.
 */
import { readFileSync } from 'node:fs'
import type { DirectoryEntry } from '../../machines/cache.ts'
import type { EntryRecord, Stored } from '../../machines/wire.ts'
import { stateName } from '../../machines/words.ts'
import { machinesDigest } from '../check/machines-digest.ts'
import { siteTime } from './clock.ts'
import { type Client, load } from './commit.ts'
import { allEntries } from './directory-read.ts'
import { historyOf } from './history.ts'
import { compareIds, extentOf } from './journal.ts'
import { messageKey, part, placeOf, shardsOf } from './keys.ts'
import { audit } from './ledger.ts'
import { type Live, siteOf } from './live-parts.ts'
import type { AcceptRecord } from './messages.ts'
import type { Settings } from './settings.ts'
import type { AcceptedMessage, Bundle, BundleLimits, BundleStep } from './views-of-bundle.ts'

/** Entries or actors read at a time. */
const PAGE = 1_000

export async function bundle(live: Live, site: string, limits: BundleLimits): Promise<Bundle> {
  const settings = await siteOf(live, site)
  const { client } = live
  const first = await Promise.all(
    shardsOf(settings).map((shard) => newestSteps(client, settings, shard, limits.steps)),
  )
  const actors = await actorsOf(
    client,
    settings,
    first.flatMap(({ steps }) => steps),
  )
  const rest = await Promise.all(
    first.map(({ last }, shard) => stepsAfter(client, settings, shard, last)),
  )
  for (const step of rest.flat()) for (const [address] of step.s) delete actors[address]
  const steps = first.map((one, shard) => [...one.steps, ...(rest[shard] ?? [])])
  const { name, ...known } = await facts(live, settings)
  return {
    v: 1,
    site: name,
    ...known,
    journal: {
      shards: settings.shards,
      trimmed: first.some(({ trimmed }) => trimmed),
      from: steps.flatMap((mine) => mine.slice(0, 1).map(({ p }) => p)),
      steps: inOrder(steps),
    },
    actors,
    accepted: await acceptedOf(client, settings, limits.recipients),
    audit: await audit(live, site),
  }
}

async function facts({ client }: Live, settings: Settings) {
  const { site: name, domain, profile, clock, servers, createdAt } = settings
  const entries = [...(await allEntries(client, settings)).values()]
  const mailboxes = entries
    .filter(({ deleted }) => !deleted)
    .sort((a: DirectoryEntry, b: DirectoryEntry) => (a.alias < b.alias ? -1 : 1))
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version, dependencies } = JSON.parse(text) as {
    version: string
    dependencies: { bullmq: string }
  }
  return {
    name,
    domain,
    takenAt: siteTime(clock, Date.now()),
    machines: machinesDigest(),
    versions: { undeliverable: version, node: process.version, bullmq: dependencies.bullmq },
    profile,
    clock,
    topology: { servers, mailboxes },
    history: { madeAt: createdAt, ...(await historyOf(client, settings)) },
  }
}

interface Newest {
  steps: BundleStep[]
  /** The stream id of the last one. */
  last: string
  trimmed: boolean
}

async function newestSteps(
  client: Client,
  settings: Settings,
  shard: number,
  limit: number,
): Promise<Newest> {
  const key = part(settings, shard, 'journal')
  const backwards: BundleStep[] = []
  const most = Math.ceil(limit / settings.shards)
  let before = '+'
  while (backwards.length < most) {
    const count = Math.min(PAGE, most - backwards.length)
    const found = await client.xrevrange(key, before, '-', 'COUNT', count)
    backwards.push(...found.map(([id, fields]) => stepFrom(shard, id, fields)))
    if (found.length < count) break
    before = `(${found.at(-1)?.[0]}`
  }
  const steps = backwards.reverse()
  const { length, trimmed } = await extentOf(client, key)
  const last = steps.at(-1)?.p.split(':')[1] ?? '0-0'
  return { steps, last, trimmed: trimmed || length > steps.length }
}

/** All that came after that one and is there now; what comes still later is not waited for. */
async function stepsAfter(
  client: Client,
  settings: Settings,
  shard: number,
  last: string,
): Promise<BundleStep[]> {
  const key = part(settings, shard, 'journal')
  const [[end] = [last]] = await client.xrevrange(key, '+', '-', 'COUNT', 1)
  const steps: BundleStep[] = []
  for (let after = last; after !== end; ) {
    const found = await client.xrange(key, `(${after}`, end, 'COUNT', PAGE)
    steps.push(...found.map(([id, fields]) => stepFrom(shard, id, fields)))
    after = found.length < PAGE ? end : (found.at(-1)?.[0] ?? end)
  }
  return steps
}

const stepFrom = (shard: number, id: string, fields: string[]): BundleStep => ({
  p: `${shard}:${id}`,
  ...JSON.parse(fields[1] as string),
})

/** Shards side by side, by the time at which Redis took each step. */
const inOrder = (shards: BundleStep[][]): BundleStep[] =>
  shards.length === 1
    ? (shards[0] as BundleStep[])
    : shards.flat().sort((a, b) => compareIds(idOf(a), idOf(b)))

const idOf = ({ p }: BundleStep): string => p.slice(p.indexOf(':') + 1)

async function actorsOf(
  client: Client,
  settings: Settings,
  steps: BundleStep[],
): Promise<Bundle['actors']> {
  const actors: Bundle['actors'] = {}
  const all = [...new Set(steps.flatMap(({ s }) => s.map(([address]) => address)))]
  for (let i = 0; i < all.length; i += PAGE) {
    const byPlace = all.slice(i, i + PAGE).map((address) => ({
      address,
      place: placeOf(settings, address),
    }))
    const texts = await Promise.all(byPlace.map(({ place }) => client.hget(place.key, place.field)))
    byPlace.forEach(({ address }, k) => {
      const text = texts[k]
      if (!text) return
      const { v, s } = JSON.parse(text) as Stored
      actors[address] = [v, stateName(s)]
    })
  }
  return actors
}

/** The newest messages, the oldest of them first. */
async function acceptedOf(
  client: Client,
  settings: Settings,
  limit: number,
): Promise<Bundle['accepted']> {
  const all: { id: string; at: number }[] = []
  for (const shard of shardsOf(settings)) {
    const flat = await client.zrange(part(settings, shard, 'messages'), '0', '-1', 'WITHSCORES')
    for (let i = 0; i < flat.length; i += 2) {
      all.push({ id: flat[i] as string, at: Number(flat[i + 1]) })
    }
  }
  all.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))
  const messages: AcceptedMessage[] = []
  let recipients = 0
  let trimmed = 0
  for (const { id } of all) {
    const message = await acceptedMessage(client, settings, id, limit - recipients)
    if (message === 'no room') break
    if (message === 'trimmed') trimmed += 1
    else {
      recipients += message.recipients.length
      messages.push(message)
    }
  }
  return { leftOut: all.length - trimmed - messages.length, messages: messages.reverse() }
}

/** With not more recipients than there is room for; it may have been trimmed meanwhile. */
async function acceptedMessage(
  client: Client,
  settings: Settings,
  id: string,
  room: number,
): Promise<AcceptedMessage | 'no room' | 'trimmed'> {
  const key = messageKey(settings, id)
  const text = await client.hget(key, 'accept')
  if (text === null) return 'trimmed'
  const record = JSON.parse(text) as AcceptRecord
  if (record.recipients > room) return 'no room'
  const fields = Array.from({ length: record.chunks }, (_, k) => `to/${k}`)
  const [texts = []] = await load(client, [{ key, fields }])
  const chunks = texts.flatMap((chunk) => chunk ?? [])
  if (chunks.length < record.chunks) return 'trimmed'
  const { header, server, acceptedAt } = record
  const recipients = chunks.flatMap((chunk) => JSON.parse(chunk) as EntryRecord[])
  return { header, server, acceptedAt, recipients }
}
