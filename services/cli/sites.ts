/** `undeliverable site`: sites are listed, made, shown, changed and deleted. */
import type { NewMailbox, NewSite } from '../client/client.ts'
import { UsageError } from '../command-line.ts'
import { type Command, EXIT, type Place, read, words } from './command.ts'

const SYNOPSIS = 'site [list | show | create NAME | profile PROFILE | delete]'

const OPTIONS = {
  servers: { type: 'string' },
  mailbox: { type: 'string', multiple: true },
  mailboxes: { type: 'string' },
  profile: { type: 'string' },
  ttl: { type: 'string' },
} as const

interface Values {
  servers?: string
  mailbox?: string[]
  mailboxes?: string
  profile?: string
  ttl?: string
}

/** `anna@nyc`, or `anna@nyc+bob` when her mail goes to bob as well, `anna@nyc>bob` when instead. */
const MAILBOX = /^([a-z0-9-]+)@([a-z0-9-]+)(?:([+>])([a-z0-9-]+))?$/

export function mailboxOf(text: string): NewMailbox {
  const [, alias, server, sign, alternate] = MAILBOX.exec(text) ?? []
  if (alias === undefined || server === undefined) {
    throw new UsageError(`--mailbox: ${text} is not ALIAS@SERVER, ALIAS@SERVER+BOTH or …>INSTEAD`)
  }
  if (alternate === undefined) return { alias, server }
  return { alias, server, alternateRecipient: alternate, deliverToBoth: sign === '+' }
}

/** A name that the service knows, or the file of one. */
async function profileOf(text: string): Promise<NonNullable<NewSite['profile']>> {
  const { isProfileFile, readProfile } = await import('../own/profile-file.ts')
  return isProfileFile(text) ? (await readProfile(text, true)).spec : text
}

async function mailboxesIn(file: string | undefined) {
  if (file === undefined) return null
  const { readMailboxes } = await import('../own/mailbox-file.ts')
  return readMailboxes(file)
}

async function create({ client, print }: Place, name: string, values: Values): Promise<void> {
  const file = await mailboxesIn(values.mailboxes)
  const mailboxes = [...(file?.mailboxes ?? []), ...(values.mailbox ?? []).map(mailboxOf)]
  const named = values.servers?.split(',') ?? [...new Set(mailboxes.map(({ server }) => server))]
  if (named.length === 0) throw new UsageError('a site needs --servers, or mailboxes on some')
  const { profile, ttl } = values
  const spec: NewSite = { name, servers: named, mailboxes }
  if (profile !== undefined) spec.profile = await profileOf(profile)
  if (ttl !== undefined) spec.ttl = ttl
  const site = await client.sites.create(spec)
  const made = await site.get()
  const notes = file?.notes ?? []
  print(file ? { ...made, notes } : made, [
    `${name} is there: ${named.join(', ')}; ${made.mailboxes.length} mailboxes`,
    ...notes.map((note) => `  ${note}`),
  ])
}

async function list({ client, print }: Place): Promise<void> {
  const sites = await client.sites.list()
  print(
    sites,
    sites.map(({ name, profile, servers, mailboxes }) => {
      return `${name}  ${profile}  ${servers.join(', ')}  ${mailboxes.length} mailboxes`
    }),
  )
}

/** Of a long list, so many are enough to know it by. */
const MEMBERS_SHOWN = 10

async function show({ site, print }: Place): Promise<void> {
  const [about, mailboxes, lists] = await Promise.all([
    site.get(),
    site.mailboxes.list(),
    site.lists.list(),
  ])
  const defects = about.defects.length === 0 ? 'no defect' : about.defects.join(', ')
  const width = Math.max(0, ...[...mailboxes, ...lists].map(({ alias }) => alias.length))
  print({ ...about, directory: [...mailboxes, ...lists] }, [
    `${about.name}  ${about.profile} (${defects})`,
    ...mailboxes.map(({ alias, server, alternateRecipient, deliverToBoth, move }) => {
      const also = alternateRecipient === null ? '' : ` ${deliverToBoth ? '+' : '>'}`
      const moving = move === null ? '' : '  is being moved'
      return `  ${alias.padEnd(width)}  ${server}${also}${alternateRecipient ?? ''}${moving}`
    }),
    ...lists.map(({ alias, members }) => {
      const shown = members.slice(0, MEMBERS_SHOWN).join(', ')
      const others = members.length - MEMBERS_SHOWN
      return `  ${alias.padEnd(width)}  list: ${shown}${others > 0 ? `, and ${others} more` : ''}`
    }),
  ])
}

async function run(args: string[]): Promise<number> {
  const { values, positionals, place } = read(args, OPTIONS)
  const [what = 'list', name] = words(positionals, 0, 2, SYNOPSIS)
  const { site, print } = place
  if (what === 'list') await list(place)
  else if (what === 'show') await show(place)
  else if (what === 'create' && name !== undefined) await create(place, name, values as Values)
  else if (what === 'profile' && name !== undefined) {
    const { profile } = await site.changeProfile(await profileOf(name))
    print({ site: site.name, profile }, [`${site.name} runs as ${profile}`])
  } else if (what === 'delete') {
    await site.delete()
    print({ deleted: site.name }, [`${site.name} is gone`])
  } else throw new UsageError(`usage: undeliverable ${SYNOPSIS}`)
  return EXIT.done
}

export const site: Command = {
  name: 'site',
  synopsis: SYNOPSIS,
  about: 'list, show, make, change and delete sites',
  options: [
    '--servers LIST    of a new site, with commas between them',
    '--mailbox TEXT    of a new site: anna@nyc, anna@nyc+bob (both), anna@nyc>bob; for each',
    "--mailboxes FILE  of a new site: Exchange 5.5's CSV, YAML or JSON",
    '--profile NAME    of a new site, or a file of your own',
    '--ttl DURATION    a new site goes by itself after this real time, as 1h',
  ],
  run,
}
