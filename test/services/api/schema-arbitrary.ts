/**
 * From the OpenAPI document to what a client might send: mostly what a schema asks for, now and
 * then what it does not.
 *
 * A text whose meaning shows in its member's name is taken from what there is (`POOLS`), or from
 * what there was: `@message:3` stands for an id that an earlier answer named (fuzz-client.ts).
 */
import fc from 'fast-check'

export interface Schema {
  $ref?: string
  type?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  maxLength?: number
}

export type Schemas = Record<string, Schema>

/** More would only be more of the same, and a site of many servers has hundreds of queues. */
const ITEMS_MAX = 3

export const SITES = ['fuzz-a', 'fuzz-b', 'fuzz-c', 'fuzz-d']
const ALIASES = ['anna', 'bob', 'carol', 'dave', 'erin', 'constructor', 'outside']
const SERVERS = ['nyc', 'lon', 'par']
const PHASES = ['locked', 'created', 'verified', 'committed', 'completed', 'rolledBack']
/** Short for what is waited for: a test of ten thousand requests cannot wait a minute for one. */
const WAITS = ['0', '1ms', '20ms', '0.01s']
const ids = (kind: string): string[] => [0, 1, 2, 3, 5, 8, 13].map((n) => `@${kind}:${n}`)
const addresses = [...ALIASES, 'anna@fuzz-a.example', 'x@example.com', '', '<>', '"a b"@x.example']

const POOLS: Record<string, string[]> = {
  site: SITES,
  name: SITES,
  alias: ALIASES,
  mailbox: ALIASES,
  alternateRecipient: ALIASES,
  server: SERVERS,
  servers: SERVERS,
  to: [...addresses, ...SERVERS],
  from: addresses,
  address: addresses,
  addresses: ['a@fuzz-a.example', 'b@fuzz-b.example', 'c@example.com'],
  domain: ['fuzz.example', 'example.com'],
  id: [...ids('message'), ...ids('move'), ...ids('fault'), ...ids('item')],
  message: ids('message'),
  event: ['mail.offered', 'reply.accepted', 'retry.due', 'mail.submitted', '@held:0', '@held:1'],
  holdAt: PHASES,
  holdUntil: PHASES,
  phase: PHASES,
  // Those without the published defect: with it a loss would be no fault of ours.
  profile: ['exchange-5.5-sp4', 'modern'],
  extends: ['exchange-5.5-sp4', 'modern'],
  timeout: WAITS,
  rest: WAITS,
  within: WAITS,
  advance: ['1ms', '30s', '10m', '1h'],
  delay: ['1ms', '30s', '10m'],
  ttl: ['1h', '7d'],
  raw: ['Subject: x\r\n\r\nx\r\n', 'From: <a@b>\nTo: c\n\nd', 'X: y', '\r\n'],
  after: ['0', '0-0', '1-1', ''],
}

/** What breaks programs: names of JavaScript, ends of lines, paths, markup, long and odd texts. */
const NASTY = [
  ...['__proto__', 'constructor', 'toString', 'prototype', 'undefined', 'null', 'NaN', 'true'],
  ...['', ' ', '\0', '\r\n', '\u2028', '\ud800', '💥', 'é', '..', '../..', '/', '%2e', '%', '*'],
  ...['<script>', "'", '"', '`', '{}', '[]', '-1', '0', '1e309', '9007199254740993', 'Infinity'],
  ...['a'.repeat(300), 'a@'.repeat(2_000), '9'.repeat(400), '\u202e', '{{', '$&', '`;'],
]

const nasty = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
)

const anything = fc.oneof(
  nasty,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, -1, 0.5, 1e21, [], {}, [[[]]], { __proto__: null, a: {} }),
)

/** Mostly the first, now and then the second. */
function mostly<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 24, arbitrary: usual }, { weight: 1, arbitrary: odd })
}

/** A text for a path or a query, where everything is text. */
export function textOf(name: string, schema: Schema): fc.Arbitrary<string> {
  const usual = memberOf(schema, {}, name).map((value) => {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  })
  return fc.oneof({ weight: 24, arbitrary: usual }, { weight: 1, arbitrary: nasty })
}

/** A value for a member of this name. */
export function memberOf(schema: Schema, all: Schemas, name = ''): fc.Arbitrary<unknown> {
  return mostly(wanted(schema, all, name), anything)
}

function wanted(schema: Schema, all: Schemas, name: string): fc.Arbitrary<unknown> {
  const { $ref, anyOf, enum: words, const: only } = schema
  if ($ref !== undefined) {
    return memberOf(all[$ref.replace('#/components/schemas/', '')] ?? {}, all, name)
  }
  if (anyOf) return fc.oneof(...anyOf.map((each) => wanted(each, all, name)))
  if (words) return fc.constantFrom(...words)
  if (only !== undefined) return fc.constant(only)
  switch (schema.type) {
    case 'object':
      return objectOf(schema, all)
    case 'array':
      return fc.array(memberOf(schema.items ?? {}, all, name), {
        minLength: Math.min(schema.minItems ?? 0, ITEMS_MAX),
        maxLength: ITEMS_MAX,
      })
    case 'string':
      return stringOf(name)
    case 'integer':
      return fc.oneof(fc.integer({ min: schema.minimum ?? -3, max: 20 }), fc.maxSafeInteger())
    case 'number':
      return fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 2 }))
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return anything
  }
}

function stringOf(name: string): fc.Arbitrary<string> {
  const pool = POOLS[name]
  if (pool === undefined) return fc.string({ maxLength: 20 })
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...pool) },
    { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
  )
}

/** All that is required, some of the rest, and seldom something that nobody knows. */
function objectOf(schema: Schema, all: Schemas): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, each]) => [name, memberOf(each, all, name)]),
  )
  const known = fc.record(members, { requiredKeys: required })
  const lacking = fc.record(members, { requiredKeys: [] })
  const unknown = fc.tuple(known, nasty, anything).map(([object, name, value]) => {
    return Object.fromEntries([...Object.entries(object), [name, value]])
  })
  return fc.oneof(
    { weight: 18, arbitrary: known },
    { weight: 1, arbitrary: lacking },
    { weight: 1, arbitrary: unknown },
  )
}
