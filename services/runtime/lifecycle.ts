/**
 * Sites come and go: created whole, or not at all; cleaned away with everything that was theirs.
 */
import { checkProfile, DEFAULT_PROFILE, type ProfileSpec } from '../../machines/profile.ts'
import { firstActors, type MailboxFacts } from '../../machines/site.ts'
import { OUTSIDE } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import { asciiJson } from './ascii.ts'
import { checkTogether } from './checked.ts'
import { startedClock } from './clock.ts'
import { type Client, inPieces } from './commit.ts'
import { allEntries } from './directory-read.ts'
import { erase, eraseKeys, withName } from './erase.ts'
import { noteFounding } from './history.ts'
import { part, placeOf } from './keys.ts'
import { SERVERS_MAX } from './limits.ts'
import { listFacts } from './lists.ts'
import { iso, type Live, siteOf } from './live-parts.ts'
import { queueNamesOf } from './queues.ts'
import { type Settings, siteFacts } from './settings.ts'
import type { SiteSpec, SiteView } from './views-of-mail.ts'

export async function createSite(live: Live, spec: SiteSpec): Promise<SiteView> {
  const settings = settingsFor(live, spec)
  const mailboxes = entriesFor(settings, spec)
  await withName(live, spec.name, async () => {
    if ((await live.settings.names()).includes(spec.name)) {
      throw problem('site-exists', `There is a site "${spec.name}" already.`)
    }
    await eraseKeys(live.client, settings.namespace, spec.name)
    await writeActors(live.client, settings, mailboxes)
    await noteFounding(live.client, settings, mailboxes)
    await live.settings.create(settings)
  })
  return viewOf(live, settings)
}

function settingsFor(live: Live, spec: SiteSpec): Settings {
  if (spec.servers.length === 0 || spec.servers.length > SERVERS_MAX) {
    throw problem('bad-request', `A site has 1 to ${SERVERS_MAX} servers.`)
  }
  if (new Set(spec.servers).size !== spec.servers.length) {
    throw problem('bad-request', 'A server is named twice.')
  }
  const now = Date.now()
  return {
    namespace: live.settings.namespace,
    site: spec.name,
    shards: live.connection.shards,
    // Beyond any epoch of an earlier site of this name: a step begun there is not committed here.
    epoch: now,
    domain: (spec.domain ?? `${spec.name}.example`).toLowerCase(),
    servers: spec.servers,
    profile: profileFor(spec.profile ?? DEFAULT_PROFILE),
    clock: startedClock(now),
    ...(spec.smartHost === undefined ? {} : { smartHost: spec.smartHost }),
    paused: false,
    faults: [],
    createdAt: now,
    expiresAt: spec.ttlMs === undefined ? null : now + spec.ttlMs,
  }
}

export function profileFor(spec: unknown): Settings['profile'] {
  const checked = checkProfile(spec as ProfileSpec)
  if ('profile' in checked) return checked.profile
  const code = checked.preset
    ? 'unknown-profile'
    : checked.defect
      ? 'unknown-defect'
      : 'bad-request'
  throw problem(code, `${checked.wrong[0]?.toUpperCase()}${checked.wrong.slice(1)}.`)
}

/** What the site begins with: its mailboxes, then its lists. */
function entriesFor(settings: Settings, { mailboxes = [], lists = [] }: SiteSpec): MailboxFacts[] {
  const owners = checkTogether(settings, mailboxes, lists)
  const aliases = new Set([...mailboxes, ...lists].map(({ alias }) => alias))
  const known = (alias: string) => aliases.has(alias)
  const ownerOf = (address: string) => owners.get(address)
  return [...mailboxes, ...lists.map((spec) => listFacts(settings, spec, { known, ownerOf }))]
}

/**
 * Everything that an earlier attempt may have left under this name is gone before the site is
 * announced.
 */
async function writeActors(
  client: Client,
  settings: Settings,
  mailboxes: MailboxFacts[],
): Promise<void> {
  const byKey = new Map<string, string[]>()
  for (const [address, stored] of firstActors(siteFacts(settings), mailboxes)) {
    const { key, field } = placeOf(settings, address)
    const pairs = byKey.get(key)
    if (pairs) pairs.push(field, asciiJson(stored))
    else byKey.set(key, [field, asciiJson(stored)])
  }
  const commands = [...byKey].flatMap(([key, pairs]) => inPieces('HSET', key, pairs))
  await Promise.all(commands.map((command) => run(client, command)))
  const addresses = mailboxes.flatMap(({ alias, addresses = [] }) =>
    addresses.flatMap((address) => [address.toLowerCase(), alias]),
  )
  for (const command of inPieces('HSET', part(settings, 0, 'addresses'), addresses)) {
    await run(client, command)
  }
}

const run = (client: Client, [command, ...args]: (string | number)[]): Promise<unknown> =>
  client.call(String(command), ...args)

export async function viewOf(live: Live, settings: Settings): Promise<SiteView> {
  const entries = await allEntries(live.client, settings)
  const there = [...entries.values()].filter(({ deleted }) => !deleted)
  const aliasesOf = (kept: typeof there) => kept.map(({ alias }) => alias).sort()
  const lists = aliasesOf(there.filter(({ list }) => list))
  return {
    name: settings.site,
    domain: settings.domain,
    profile: settings.profile.name,
    defects: settings.profile.defects,
    servers: settings.servers,
    mailboxes: aliasesOf(there.filter(({ alias, list }) => alias !== OUTSIDE && !list)),
    ...(lists.length > 0 ? { lists } : {}),
    paused: settings.paused,
    ...(settings.smartHost === undefined ? {} : { smartHost: settings.smartHost }),
    createdAt: iso(settings.createdAt),
    expiresAt: settings.expiresAt === null ? null : iso(settings.expiresAt),
    queues: queueNamesOf(settings.site, settings.servers),
  }
}

export async function listSites(live: Live): Promise<SiteView[]> {
  const names = (await live.settings.names()).sort()
  const all = await Promise.all(names.map((name) => live.settings.get(name)))
  return Promise.all(all.filter((site) => site !== null).map((site) => viewOf(live, site)))
}

export async function deleteSite(live: Live, site: string): Promise<void> {
  const settings = await siteOf(live, site)
  await erase(live, settings)
}
