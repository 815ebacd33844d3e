/**
 * Who may do what: bearer tokens (RFC 6750), each with a name and scopes. Every door of the service
 * asks here: the HTTP API with what stands behind `Bearer`, SMTP with the password of AUTH.
 *
 * A file of tokens has one a line, `<name> <scopes> <secret>`, scopes with commas between them;
 * empty lines and lines that begin with `#` are skipped.
 *
 * Rules: a secret is kept as its SHA-256 only, and compared in constant time with every token there
 * is; a complaint about the file names the line and never quotes it; scopes do not imply one
 * another. No tokens at all means that none is asked for: that is for loopback alone (config.ts).
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { EXIT, StartError } from './setup/start-error.mjs'

/**
 * `read`: whatever is shown. `inject`: submit mail. `operate`: everything else that changes
 * something, as sites, moves, faults, the clock, the queues.
 */
export const SCOPES = ['read', 'inject', 'operate'] as const
export type Scope = (typeof SCOPES)[number]

export interface Token {
  /** For people and logs; it is no secret. */
  name: string
  scopes: readonly Scope[]
  /** SHA-256 of the secret. */
  digest: Buffer
}

/** Each check compares with all of them; nobody hands out more by file. */
export const TOKENS_MAX = 100
/** 24 characters of base64 are 144 bits, which nobody guesses; shorter ones are passwords. */
export const SECRET_CHARACTERS_MIN = 24
/** Far below what one header of HTTP, or one line of SMTP AUTH, may hold. */
export const SECRET_CHARACTERS_MAX = 256

const SECRET_BYTES = 24
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
/** The `b64token` of RFC 6750 §2.1. */
const SECRET = /^[A-Za-z0-9._~+/-]+=*$/

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** The token that has this secret, or null. Takes as long for a wrong one as for any other. */
export function findToken(tokens: readonly Token[], secret: string): Token | null {
  if (secret.length > SECRET_CHARACTERS_MAX) return null
  const digest = digestOf(secret)
  let found: Token | null = null
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) found = token
  return found
}

export function permits(token: Token, scope: Scope): boolean {
  return token.scopes.includes(scope)
}

export function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

/** Throws a `StartError` that says which line is wrong, and why. `source` is named in it. */
export function parseTokens(text: string, source: string): Token[] {
  const tokens: Token[] = []
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return
    const token = parseLine(line)
    if (typeof token === 'string') throw refusal(`${source}, line ${index + 1}: ${token}`)
    const twin = tokens.find(({ name, digest }) => name === token.name || same(digest, token))
    if (twin) throw refusal(`${source}, line ${index + 1}: its name or secret was used before.`)
    tokens.push(token)
  })
  if (tokens.length === 0) throw refusal(`${source} holds no token.`)
  if (tokens.length > TOKENS_MAX) {
    throw refusal(`${source} holds ${tokens.length} tokens; ${TOKENS_MAX} may be.`)
  }
  return tokens
}

const same = (digest: Buffer, token: Token): boolean => digest.equals(token.digest)

/** The token, or what is wrong with the line; the line itself may be a secret. */
function parseLine(line: string): Token | string {
  const parts = line.trim().split(/\s+/)
  const [name = '', scopes = '', secret = ''] = parts
  if (parts.length !== 3) return 'write a name, scopes and a secret, with spaces between them.'
  if (!NAME.test(name)) return 'a name has letters, digits, dots, - and _, 63 characters at most.'
  const named = parseScopes(scopes)
  if (named === null) return `scopes are some of ${SCOPES.join(', ')}, with commas between them.`
  const short = secret.length < SECRET_CHARACTERS_MIN || secret.length > SECRET_CHARACTERS_MAX
  if (short || !SECRET.test(secret)) {
    const range = `${SECRET_CHARACTERS_MIN} to ${SECRET_CHARACTERS_MAX}`
    return `a secret has ${range} characters of A-Z, a-z, 0-9 and -._~+/ (\`npm run -s token\`).`
  }
  return { name, scopes: named, digest: digestOf(secret) }
}

/** The scopes of a list with commas, or null when one of them is none. */
export function parseScopes(text: string): Scope[] | null {
  const named = [...new Set(text.split(','))]
  const known = named.flatMap((name) => SCOPES.filter((scope) => scope === name))
  return known.length === named.length ? known : null
}

/** The tokens of a file; throws a `StartError` when there are none or one is wrong. */
export function readTokens(path: string): Token[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw refusal(`The tokens cannot be read: ${(error as Error).message}.`)
  }
  return parseTokens(text, path)
}

const refusal = (words: string): StartError => new StartError(words, EXIT.usage)
