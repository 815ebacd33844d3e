/**
 * A browser that has signed in: a cookie that says whose token it was and until when, sealed with a
 * key that is made from that token.
 *
 * The token itself does not stay in the browser. Nothing is kept here, so each API process knows
 * the cookie, and it ends with its time, or as soon as the token is taken from the file.
 *
 * Rules: HttpOnly, so no script reads it; SameSite=Strict, so no other site's page sends it; Secure
 * where TLS ends before us and says so.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { parseCookie, type SetCookie, stringifySetCookie } from 'cookie'
import type { Token } from '../tokens.ts'
import { SESSION_MS } from './limits.ts'

export const COOKIE = 'undeliverable-session'
/** Digits of milliseconds until far beyond any clock. */
const EXPIRY = /^\d{13,15}$/

/** The `Set-Cookie` that signs in. `tls`: whether the browser speaks TLS. */
export function sessionCookie(token: Token, now: number, tls: boolean): string {
  const expiry = String(now + SESSION_MS)
  const value = `${expiry}.${seal(token, expiry)}.${token.name}`
  return stringifySetCookie({ ...attributes(tls), value, maxAge: SESSION_MS / 1_000 })
}

/** The `Set-Cookie` that signs out. */
export function noSessionCookie(tls: boolean): string {
  return stringifySetCookie({ ...attributes(tls), value: '', maxAge: 0 })
}

/** Whose session the `Cookie` header holds; null when none, or none that is still good. */
export function sessionOf(
  header: string | undefined,
  tokens: readonly Token[],
  now: number,
): Token | null {
  if (header === undefined) return null
  const [expiry = '', given = '', ...name] = (parseCookie(header)[COOKIE] ?? '').split('.')
  const token = tokens.find((each) => each.name === name.join('.'))
  if (token === undefined || !EXPIRY.test(expiry) || Number(expiry) <= now) return null
  const wanted = Buffer.from(seal(token, expiry))
  const sealed = Buffer.from(given)
  return wanted.length === sealed.length && timingSafeEqual(wanted, sealed) ? token : null
}

function seal({ name, digest }: Token, expiry: string): string {
  return createHmac('sha256', digest).update(`session ${name} ${expiry}`).digest('base64url')
}

function attributes(tls: boolean): Omit<SetCookie, 'value'> {
  return { name: COOKIE, path: '/', httpOnly: true, sameSite: 'strict', secure: tls }
}
