/**
 * What a step is given, read from Redis: actors, items, look-ups, in one round trip (two when a
 * look-up depends on what was read); for events that go together, in one for all of them.
 */
import type { FoundItems } from '../../machines/found-items.ts'
import { partsOfProfile } from '../../machines/parts.ts'
import { type Address, kindOf, partsOf } from '../../machines/protocol.ts'
import { beliefs, expands, type Reads, reads } from '../../machines/reads.ts'
import { upToDate } from '../../machines/versions.ts'
import type { MailEvent, Stored } from '../../machines/wire.ts'
import { readBox, readOffers } from './boxes.ts'
import { type Client, load as loadFields } from './commit.ts'
import { boxKeyOf, part, placeOf, shardOf } from './keys.ts'
import { lookUp } from './lookups.ts'
import { readAddressees, readChunk } from './messages.ts'
import type { Loaded, LoadOptions } from './port.ts'
import { type Settings, siteFacts } from './settings.ts'
import { timerKeyOf, timerMember } from './timer-names.ts'

export async function load(
  client: Client,
  settings: Settings,
  event: MailEvent,
  options: LoadOptions,
): Promise<Loaded> {
  const site = siteFacts(settings)
  const wanted = reads(event, partsOfProfile(site.profile))
  const early = event.entries ? beliefs(event, new Map(), undefined) : null
  const [{ actors, items }, armedFor, soon] = await Promise.all([
    loadAll(client, settings, event, wanted),
    event.timer ? armed(client, settings, event) : null,
    early ? lookUp(client, settings, early, options) : null,
  ])
  const found = await chunkIfUnknown(client, settings, event, wanted, actors, items)
  const late = early ? null : beliefs(event, actors, found.entries)
  const believed = soon ?? (late ? await lookUp(client, settings, late, options) : null)
  const lookups = believed?.lookups ?? {}
  return {
    settings,
    site,
    event,
    at: options.at,
    actors,
    found: await withAddressees(client, settings, event, lookups, found),
    armedFor,
    lookups,
    refreshed: {
      server: early?.server ?? late?.server ?? '',
      entries: believed?.refreshed ?? {},
    },
  }
}

/** An actor as it was stored, by whichever version of the service. */
const read = (address: Address, text: string): Stored =>
  upToDate(kindOf(address), JSON.parse(text) as Stored)

/** Events of one shard that need no chunk and no timer: one call for actors, one for look-ups. */
export async function loadTogether(
  client: Client,
  settings: Settings,
  events: MailEvent[],
  options: LoadOptions,
): Promise<Loaded[]> {
  const site = siteFacts(settings)
  const parts = partsOfProfile(site.profile)
  const wanted = events.map((event) => reads(event, parts))
  const offers = events.flatMap(({ to }, i) => {
    const read = wanted[i]?.box
    return read?.what === 'key' ? [{ to, box: boxKeyOf(settings, to), read }] : []
  })
  const rest = wanted.flatMap(({ box, actors }) => (box ? [] : actors))
  const [actors, known, believed] = await Promise.all([
    loadActors(client, settings, [...new Set(rest)]),
    offers.length > 0 ? readOffers(client, offers) : [],
    lookUpTogether(client, settings, events, options),
  ])
  offers.forEach(({ to }, i) => {
    const text = known[i]?.actor
    if (text) actors.set(to, read(to, text))
  })
  const shared = { settings, site, at: options.at, actors, armedFor: null, ...believed }
  let offer = 0
  const found = wanted.map(({ box }) => (box ? (known[offer++]?.found ?? {}) : {}))
  return Promise.all(
    events.map(async (event, i) => ({
      ...shared,
      event,
      found: await withAddressees(client, settings, event, shared.lookups, found[i] ?? {}),
    })),
  )
}

/** Where a list may be expanded, with all that its message is for. */
async function withAddressees(
  client: Client,
  settings: Settings,
  event: MailEvent,
  lookups: Loaded['lookups'],
  found: FoundItems,
): Promise<FoundItems> {
  if (!expands(event, lookups)) return found
  const id = partsOf(event.to)[0] as string
  return { ...found, addressees: await readAddressees(client, settings, id, event.entries ?? []) }
}

/** All recipients that these events bring, looked up as one event's. */
async function lookUpTogether(
  client: Client,
  settings: Settings,
  events: MailEvent[],
  options: LoadOptions,
): Promise<Pick<Loaded, 'lookups' | 'refreshed'>> {
  const all = events.flatMap((event) => beliefs(event, new Map(), undefined) ?? [])
  const [first] = all
  if (!first) return { lookups: {}, refreshed: { server: '', entries: {} } }
  const together = { ...first, records: all.flatMap(({ records }) => records) }
  const { lookups, refreshed } = await lookUp(client, settings, together, options)
  return { lookups, refreshed: { server: first.server, entries: refreshed } }
}

async function loadAll(
  client: Client,
  settings: Settings,
  event: MailEvent,
  wanted: Reads,
): Promise<{ actors: Map<Address, Stored>; items: FoundItems }> {
  if (wanted.box?.what === 'key') {
    const box = boxKeyOf(settings, event.to)
    const [offer] = await readOffers(client, [{ box, read: wanted.box }])
    const actors = new Map<Address, Stored>()
    if (offer?.actor) actors.set(event.to, read(event.to, offer.actor))
    return { actors, items: offer?.found ?? {} }
  }
  const [actors, items] = await Promise.all([
    loadActors(client, settings, wanted.actors),
    loadItems(client, settings, event, wanted),
  ])
  return { actors, items }
}

async function loadActors(
  client: Client,
  settings: Settings,
  addresses: Address[],
): Promise<Map<Address, Stored>> {
  const byKey = new Map<string, { address: Address; field: string }[]>()
  for (const address of addresses) {
    const { key, field } = placeOf(settings, address)
    const fields = byKey.get(key)
    if (fields) fields.push({ address, field })
    else byKey.set(key, [{ address, field }])
  }
  const groups = [...byKey]
  const asked = groups.map(([key, wanted]) => ({ key, fields: wanted.map(({ field }) => field) }))
  const values = await loadFields(client, asked)
  const actors = new Map<Address, Stored>()
  groups.forEach(([, wanted], k) => {
    wanted.forEach(({ address }, i) => {
      const text = values[k]?.[i]
      if (text) actors.set(address, read(address, text))
    })
  })
  return actors
}

async function loadItems(
  client: Client,
  settings: Settings,
  event: MailEvent,
  wanted: Reads,
): Promise<FoundItems> {
  if (wanted.box) return readBox(client, boxKeyOf(settings, event.to), wanted.box)
  if (typeof wanted.chunk !== 'number') return {}
  return readChunk(client, settings, partsOf(event.to)[0] as string, wanted.chunk)
}

/** A routing timer's event does not say which chunk is next; the copy does. */
async function chunkIfUnknown(
  client: Client,
  settings: Settings,
  event: MailEvent,
  wanted: Reads,
  actors: ReadonlyMap<Address, Stored>,
  items: FoundItems,
): Promise<FoundItems> {
  if (wanted.chunk !== null) return items
  const chunk = actors.get(event.to)?.c.chunks
  if (typeof chunk !== 'number') return items
  return readChunk(client, settings, partsOf(event.to)[0] as string, chunk)
}

const armed = async (
  client: Client,
  settings: Settings,
  event: MailEvent,
): Promise<number | null> => {
  const member = timerMember(event.to, event.timer as string, timerKeyOf(event))
  const due = await client.zscore(part(settings, shardOf(settings, event.to), 'timers'), member)
  return due === null ? null : Number(due)
}
