/**
 * Bodies in JSON: what RFC 8259 asks of them, and the limits that keep one from being a trap. They
 * are held against the same rules, whether they came as a whole or with one member left out.
 */
import { isUtf8 } from 'node:buffer'
import { problem } from '../errors.ts'
import { JSON_DEPTH_MAX } from './limits.ts'
import type { Api } from './resource.ts'

/** From a text to its value, undefined for an empty one; throws what is said to the client. */
export type ParseJson = (text: string) => unknown

export const malformed = (detail: string) => problem('malformed-json', detail)

export const NOT_UTF8 = 'it is not UTF-8, which JSON always is'

/** Has all routes take JSON. */
export function takeJson(app: Api): void {
  const parse = parserOf(app)
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) => {
      if (!isUtf8(body)) throw malformed(NOT_UTF8)
      return parse(body.toString())
    },
  )
}

/** For whoever takes a body apart itself. */
export function parserOf(app: Api): ParseJson {
  const parse = app.getDefaultJsonParser('error', 'error')
  return (text) => {
    if (text === '') return undefined
    let parsed: unknown
    // It answers before it returns, and looks at no request.
    parse(undefined as never, text, (error, value) => {
      if (error) throw malformed(complaint(text))
      parsed = value
    })
    if (isDeeperThan(parsed, JSON_DEPTH_MAX)) {
      throw problem('json-too-deep', `${JSON_DEPTH_MAX} levels may be`)
    }
    return parsed
  }
}

/** Whether arrays and objects lie in one another on more than so many levels. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false
  return levels === 0 || Object.values(value).some((each) => isDeeperThan(each, levels - 1))
}

/** What the parser says: the default one keeps it to itself. */
function complaint(body: string): string {
  try {
    JSON.parse(body)
    return 'it holds a member that JavaScript objects cannot: __proto__ or constructor.prototype'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
