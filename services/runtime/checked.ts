/**
 * What a person describes of mailboxes and lists, checked before anything of it is written.
 */
import { OUTSIDE } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import type { Settings } from './settings.ts'
import type { ListSpec, MailboxSpec } from './views-of-mail.ts'

/** Of entries that come together; `there` says which others there are. Who has which address. */
export function checkTogether(
  settings: Settings,
  mailboxes: MailboxSpec[],
  lists: ListSpec[] = [],
  there: (alias: string) => boolean = () => false,
): Map<string, string> {
  const aliases = new Set([...mailboxes, ...lists].map(({ alias }) => alias))
  if (aliases.size !== mailboxes.length + lists.length) {
    throw problem('mailbox-exists', 'An alias is given twice.')
  }
  const known = (alias: string) => aliases.has(alias) || there(alias)
  for (const spec of mailboxes) checkMailbox(settings, spec, known)
  const owners = new Map<string, string>()
  for (const alias of aliases) owners.set(`${alias}@${settings.domain}`, alias)
  for (const { alias, addresses = [] } of [...mailboxes, ...lists]) {
    for (const address of addresses.map((one) => one.toLowerCase())) {
      const owner = owners.get(address) ?? alias
      if (owner !== alias) {
        throw problem('mailbox-exists', `${address} is an address of ${owner} and of ${alias}.`)
      }
      owners.set(address, alias)
    }
  }
  return owners
}

export function checkMailbox(
  settings: Settings,
  { alias, server, alternateRecipient }: MailboxSpec,
  known: (alias: string) => boolean,
): void {
  if (alias === OUTSIDE) {
    throw problem('reserved-mailbox', `"${OUTSIDE}" stands for what lies beyond the site.`)
  }
  if (!settings.servers.includes(server)) {
    throw problem('unknown-server', `${alias}: the site has no server "${server}".`)
  }
  if (alternateRecipient === alias) {
    throw problem('alternate-to-self', `${alias}: its alternate recipient is itself.`)
  }
  if (alternateRecipient && !known(alternateRecipient)) {
    const what = `${alias}: its alternate recipient "${alternateRecipient}" does not exist.`
    throw problem('unknown-mailbox', what)
  }
}
