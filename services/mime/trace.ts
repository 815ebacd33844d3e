/**
 * The trace that is put before a message, newest line first: `Return-Path` at its delivery (RFC
 * 5321 §4.4), and for each MTA that it passed a `Received` field and an `X400-Received` one, as a
 * MIXER gateway writes it (RFC 2156 §2.3.1.2).
 *
 * It is composed for each copy when that is read, since the bytes are kept once for all copies.
 */
import { domainToASCII } from 'node:url'
import type { Hop } from '../../machines/wire.ts'
import type { BroughtBy } from '../runtime/content.ts'
import { fullAddress } from './compose.ts'

export interface Traced {
  id: string
  /** An alias of the site, an address beyond it, or '' for the null sender. */
  from: string
  domain: string
  via: readonly Hop[]
  broughtBy: BroughtBy | null
  /** How it came in, where nobody brought it by SMTP. */
  otherwise: 'HTTP' | 'local'
}

/** What a `Received` field may hold as a name (RFC 5321 §4.1.2), and no more. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$|^\[[0-9A-Za-z:.]{2,60}\]$/

export function traceOf({ id, from, domain, via, broughtBy, otherwise }: Traced): string {
  const site = domainToASCII(domain) || domain
  const sender = from === '' ? '' : fullAddress(from, domain)
  const lines = [`Return-Path: <${sender}>`]
  for (let hop = via.length - 1; hop >= 0; hop--) {
    const { server, at } = via[hop] as Hop
    const before = via[hop - 1]
    const [origin, how] = before
      ? [`from ${before.server}.${site}\r\n\t`, 'X400']
      : [broughtBy ? `from ${nameOf(broughtBy)}\r\n\t` : '', broughtBy?.protocol ?? otherwise]
    const date = dateTime(at)
    lines.push(
      `Received: ${origin}by ${server}.${site} (Undeliverable)`,
      `\twith ${how} id ${id}; ${date}`,
      `X400-Received: by mta ${server} in /PRMD=${site}/ADMD= /C=US/;`,
      `\tRelayed; ${date}`,
    )
  }
  return `${lines.join('\r\n')}\r\n`
}

function nameOf({ helo, address }: BroughtBy): string {
  const literal = literalOf(address)
  return NAME.test(helo) ? `${helo} (${literal})` : literal
}

/** As it named itself, where that can stand in a field; else its address. */
export const peerOf = ({ helo, address }: Pick<BroughtBy, 'helo' | 'address'>): string =>
  NAME.test(helo) ? helo : literalOf(address)

const literalOf = (address: string): string =>
  address.includes(':') ? `[IPv6:${address}]` : `[${address}]`

/** RFC 5322 §3.3, in UTC. */
export const dateTime = (at: number): string => new Date(at).toUTCString().replace('GMT', '+0000')
