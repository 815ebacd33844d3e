/**
 * Whose mail is it? From an address to the site that answers for it.
 *
 * A site has its domain, and the further addresses of its mailboxes, which may lie in others. When
 * two sites have one domain, mail goes to the older. Domains are looked up in a table that is made
 * again when a site comes or goes, and whenever one is not found in it.
 */
import { domainToASCII } from 'node:url'
import type { Client } from './commit.ts'
import { entryOf } from './directory-read.ts'
import { part } from './keys.ts'
import type { Settings, SettingsStore } from './settings.ts'

/** Known to every server, with a domain and without one (RFC 5321 §4.5.1). */
export const POSTMASTER = 'postmaster'

export interface Destination {
  site: string
  /** Of the mailbox, if there is one. */
  alias: string
  /** No mailbox has it, and the site's profile refuses such mail at the door. */
  refused: boolean
}

export interface Destinations {
  /** Null when no site answers for it. */
  of(address: string): Promise<Destination | null>
  /** The address that `postmaster` without a domain is short for: of this site, or the oldest. */
  postmaster(site?: string): Promise<string | null>
}

export function openDestinations(settings: SettingsStore, client: Client): Destinations {
  let table: Map<string, string> | null = null
  settings.onChange(() => {
    table = null
  })
  const siteOf = async (domain: string): Promise<Settings | null> => {
    const known = table?.get(domain)
    const site = known === undefined ? null : await settings.get(known)
    if (site && asciiOf(site.domain) === domain) return site
    const sites = await allSites(settings)
    table = tableOf(sites)
    return sites.find(({ site }) => site === table?.get(domain)) ?? null
  }
  return {
    async postmaster(name) {
      const site = name === undefined ? (await allSites(settings))[0] : await settings.get(name)
      return site ? `${POSTMASTER}@${site.domain}` : null
    },
    async of(address) {
      const at = address.lastIndexOf('@')
      const domain = asciiOf(address.slice(at + 1))
      const site = await siteOf(domain)
      if (site) return destinationIn(client, site, address.slice(0, at).toLowerCase(), address)
      return elsewhere(client, await allSites(settings), address)
    },
  }
}

/** Domains are compared as DNS has them; one that it could not have is compared as it is. */
const asciiOf = (domain: string): string => domainToASCII(domain) || domain.toLowerCase()

async function allSites(settings: SettingsStore): Promise<Settings[]> {
  const names = await settings.names()
  const sites = await Promise.all(names.map((name) => settings.get(name)))
  return sites.flatMap((site) => site ?? []).sort((a, b) => a.createdAt - b.createdAt)
}

function tableOf(sites: Settings[]): Map<string, string> {
  const table = new Map<string, string>()
  for (const { domain, site } of sites) {
    if (!table.has(asciiOf(domain))) table.set(asciiOf(domain), site)
  }
  return table
}

async function destinationIn(
  client: Client,
  settings: Settings,
  local: string,
  address: string,
): Promise<Destination> {
  const { site, profile } = settings
  const further = await client.hget(part(settings, 0, 'addresses'), address.toLowerCase())
  const alias = further ?? local
  if (profile.unknownRecipients !== 'refuse') return { site, alias, refused: false }
  const entry = await entryOf(client, settings, alias)
  return { site, alias, refused: !entry || entry.deleted === true }
}

/** The address is a further one of a mailbox somewhere. */
async function elsewhere(
  client: Client,
  sites: Settings[],
  address: string,
): Promise<Destination | null> {
  const lower = address.toLowerCase()
  const owners = await Promise.all(
    sites.map((site) => client.hget(part(site, 0, 'addresses'), lower)),
  )
  const found = sites.findIndex((_, i) => owners[i])
  const [site, alias] = [sites[found]?.site, owners[found]]
  return site && alias ? { site, alias, refused: false } : null
}
