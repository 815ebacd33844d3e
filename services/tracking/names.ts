/**
 * Names as Exchange 5.5 writes them: distinguished names of the directory, proxy addresses, the
 * services that hand mail to one another.
 *
 * `/o=<organization>/ou=<site>/cn=Recipients/cn=<alias>`, and for a server's services
 * `…/cn=Configuration/cn=Servers/cn=<server>/cn=Microsoft Private MDB` (Q153188, Q252869). The
 * emulator has no organization: its name stands there. [ours]
 */

/** In the place of an organization. */
const ORGANIZATION = 'Undeliverable'

const siteName = (site: string): string => `/o=${ORGANIZATION}/ou=${site}`

/** Of an alias its distinguished name; of what lies beyond the site its proxy address. */
export function recipientName(site: string, name: string): string {
  if (name === '') return ''
  return name.includes('@') ? `SMTP:${oneLine(name)}` : `${siteName(site)}/cn=Recipients/cn=${name}`
}

const server = (site: string, name: string): string =>
  `${siteName(site)}/cn=Configuration/cn=Servers/cn=${name}`

export const storeName = (site: string, name: string): string =>
  `${server(site, name)}/cn=Microsoft Private MDB`

export const mtaName = (site: string, name: string): string =>
  `${server(site, name)}/cn=Microsoft MTA`

/** Whoever hands over what comes from beyond the site, and what goes there. */
export const connectorName = (site: string, name: string): string =>
  `${siteName(site)}/cn=Configuration/cn=Connections/cn=Internet Mail Service (${name})`

/** What would begin another field or line: control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f\u2028\u2029]/g

/** A value of a field: an address may be anything that RFC 5321 lets through. */
export const oneLine = (text: string): string => text.replace(CONTROLS, ' ')
