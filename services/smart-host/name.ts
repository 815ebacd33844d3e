/**
 * A smart host as it is typed and shown: `HOST:PORT`, an IPv6 address in brackets.
 */
import { BadValue, wholeNumber } from '../option-values.ts'

export interface SmartHost {
  host: string
  port: number
}

const PORT_MAX = 65_535
const TYPED = /^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]]+):(\d+)$/

/** Null for `off`; throws a `BadValue` for what is neither. */
export function smartHostIn(text: string): SmartHost | null {
  if (text === 'off') return null
  const [, host, port = ''] = TYPED.exec(text) ?? []
  if (host === undefined) throw new BadValue('is HOST:PORT, or off')
  return { host: host.replace(/^\[|\]$/g, ''), port: wholeNumber(1, PORT_MAX)(port) }
}

export function isSmartHost(text: string): boolean {
  const port = Number(TYPED.exec(text)?.[2])
  return port >= 1 && port <= PORT_MAX
}

export const hostText = ({ host, port }: SmartHost): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
