/**
 * Distribution lists as a person sees them: who is in one, and what each replica and each cache
 * has of it. A list is an entry of the directory like a mailbox's, and is written and read as one.
 */
import type { Cached, DirectoryEntry, ListFacts } from '../../machines/cache.ts'
import { LIST_MEMBERS_MAX } from '../../machines/expansion.ts'
import { directoryEntry, type MailboxFacts } from '../../machines/site.ts'
import { OUTSIDE } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import { siteTime } from './clock.ts'
import { allEntries, newest, replicasOf } from './directory-read.ts'
import { cacheKey, part } from './keys.ts'
import { type Live, siteOf } from './live-parts.ts'
import { changeEntry, checkAddresses, freshId, rememberAddresses } from './mailboxes.ts'
import type { Settings } from './settings.ts'
import type { ListSpec, ListView } from './views-of-mail.ts'

/** The list as the directory has it. Members of the site are known by their aliases. */
export function listFacts(
  settings: Settings,
  spec: ListSpec,
  { known, ownerOf }: { known: (alias: string) => boolean; ownerOf: OwnerOf },
): MailboxFacts {
  const { alias, addresses, server = settings.servers[0] as string, maxBytes } = spec
  if (alias === OUTSIDE) {
    throw problem('reserved-mailbox', `"${OUTSIDE}" stands for what lies beyond the site.`)
  }
  if (!settings.servers.includes(server)) {
    throw problem('unknown-server', `${alias}: the site has no server "${server}".`)
  }
  if (spec.members.length > LIST_MEMBERS_MAX) {
    const limit = LIST_MEMBERS_MAX.toLocaleString('en')
    throw problem('too-many-members', `${alias}: a list names ${limit} members at most.`)
  }
  const members = [...new Set(spec.members.map((one) => memberOf(settings, one, ownerOf)))]
  if (members.includes(alias)) {
    throw problem('list-in-itself', `${alias}: the list is a member of itself.`)
  }
  const stranger = members.find((one) => !one.includes('@') && !known(one))
  if (stranger !== undefined) {
    throw problem('unknown-member', `${alias}: its member "${stranger}" does not exist.`)
  }
  const { reportToOriginator = true } = spec
  const size = maxBytes === undefined || maxBytes === null ? {} : { maxBytes }
  const list: ListFacts = { members, reportToOriginator, ...size }
  return { alias, server, list, ...(addresses ? { addresses } : {}) }
}

/** To whom a further address leads, if to anybody. */
type OwnerOf = (address: string) => string | undefined

function memberOf({ domain }: Settings, given: string, ownerOf: OwnerOf): string {
  const lower = given.toLowerCase()
  const owner = ownerOf(lower)
  if (owner !== undefined) return owner
  const at = lower.lastIndexOf('@')
  if (at < 0) return lower
  return lower.slice(at + 1) === domain ? lower.slice(0, at) : given
}

export async function putList(
  live: Live,
  site: string,
  spec: ListSpec,
  replicate?: 'now' | 'lagged',
): Promise<{ created: boolean; list: ListView }> {
  const settings = await siteOf(live, site)
  const entries = await allEntries(live.client, settings)
  const known = (alias: string) =>
    alias === spec.alias || (entries.has(alias) && !entries.get(alias)?.deleted)
  const facts = listFacts(settings, spec, { known, ownerOf: await ownersOf(live, settings, spec) })
  await checkAddresses(live, settings, facts, known)
  const old = entries.get(spec.alias)
  const created = !old || old.deleted === true
  const how = replicate ?? (created ? 'now' : 'lagged')
  const edit = async (now: DirectoryEntry | null): Promise<DirectoryEntry> => {
    const isThere = now !== null && !now.deleted
    if (isThere && !now.list) {
      throw problem('mailbox-exists', `"${spec.alias}" is the alias of a mailbox.`)
    }
    const version = (now?.version ?? 0) + 1
    await rememberAddresses(live, settings, spec.alias, now?.addresses ?? [], facts.addresses ?? [])
    // Its home is where the entry is written first, and stays that.
    const server = isThere ? now.home : facts.server
    const id = isThere ? now.mailbox : freshId(spec.alias, version)
    return directoryEntry({ ...facts, server }, id, version)
  }
  await changeEntry(live, settings, spec.alias, old ?? null, edit, how)
  return { created, list: await viewOfList(live, settings, spec.alias) }
}

async function ownersOf(live: Live, settings: Settings, { members }: ListSpec): Promise<OwnerOf> {
  const lower = members.map((one) => one.toLowerCase()).filter((one) => one.includes('@'))
  if (lower.length === 0) return () => undefined
  const owners = await live.client.hmget(part(settings, 0, 'addresses'), ...lower)
  const found = new Map(lower.map((address, i) => [address, owners[i] ?? undefined]))
  return (address) => found.get(address)
}

export async function deleteList(live: Live, site: string, alias: string): Promise<void> {
  const settings = await siteOf(live, site)
  const entry = await listOrProblem(live, settings, alias)
  const gone = async (now: DirectoryEntry | null): Promise<DirectoryEntry> => {
    const last = now ?? entry
    await rememberAddresses(live, settings, alias, last.addresses, [])
    return { ...last, version: last.version + 1, deleted: true, addresses: [] }
  }
  await changeEntry(live, settings, alias, entry, gone, 'now')
}

export async function listLists(live: Live, site: string): Promise<ListView[]> {
  const settings = await siteOf(live, site)
  const entries = [...(await allEntries(live.client, settings)).values()]
  const aliases = entries.filter(({ deleted, list }) => list && !deleted).map(({ alias }) => alias)
  return Promise.all(aliases.sort().map((alias) => viewOfList(live, settings, alias)))
}

async function listOrProblem(
  live: Live,
  settings: Settings,
  alias: string,
): Promise<DirectoryEntry> {
  const entry = newest((await replicasOf(live.client, settings, alias)).values())
  if (entry?.list && !entry.deleted) return entry
  throw problem('unknown-list', `The site ${settings.site} has no list "${alias}".`)
}

export async function viewOfList(live: Live, settings: Settings, alias: string): Promise<ListView> {
  const entry = await listOrProblem(live, settings, alias)
  const replicas = await replicasOf(live.client, settings, alias)
  const now = siteTime(settings.clock, Date.now())
  const caches: ListView['caches'] = {}
  for (const server of settings.servers) {
    const text = await live.client.hget(cacheKey(settings, server), alias)
    const cached = text ? (JSON.parse(text) as Cached) : null
    caches[server] = cached?.list
      ? { version: cached.version, members: cached.list.members.length, ageMs: now - cached.readAt }
      : null
  }
  const { members = [], reportToOriginator = true, maxBytes = null } = entry.list ?? {}
  return {
    alias,
    addresses: [`${alias}@${settings.domain}`, ...entry.addresses],
    members,
    reportToOriginator,
    maxBytes,
    server: entry.home,
    version: entry.version,
    replicas: Object.fromEntries(
      [...replicas].map(([server, { version, list, deleted }]) => [
        server,
        { version, members: deleted || !list ? null : list.members.length },
      ]),
    ),
    caches,
  }
}
