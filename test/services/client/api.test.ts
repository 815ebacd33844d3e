/**
 * The client's types are those of the API's own description, and the client has every call of it.
 *
 * `npx vitest run test/services/client/api.test.ts -u` writes the types again.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { appOver } from '../api/partial-emulator.ts'
import { callsOf, type Description, typeOf, written } from './written.ts'

const TOP = fileURLToPath(new URL('../../..', import.meta.url))
const CLIENT = join(TOP, 'services', 'client')

/** As the house writes it. */
const formatted = (text: string, path: string): string =>
  execFileSync(
    join(TOP, 'node_modules/.bin/biome'),
    ['check', '--write', `--stdin-file-path=${path}`],
    {
      input: text,
      encoding: 'utf8',
      cwd: TOP,
    },
  )

let description: Description

beforeAll(async () => {
  const app = await appOver({})
  description = (await app.inject('/docs/json')).json()
})

const FILES = ['requests', 'mail', 'moves', 'answers', 'calls'].map((name) => `api-${name}.ts`)

test.each(FILES)('%s is as the description says', async (name) => {
  const files = written(description)
  expect(Object.keys(files)).toContain(name)
  const path = join(CLIENT, name)
  await expect(formatted(files[name] ?? '', path)).toMatchFileSnapshot(path)
})

test('every call is one of the client', () => {
  const sources = readdirSync(CLIENT).filter((name) => !name.startsWith('api-'))
  const text = sources.map((name) => readFileSync(join(CLIENT, name), 'utf8')).join('\n')
  const calls = callsOf(description)
  expect(calls.length).toBeGreaterThan(35)
  expect(calls.filter((call) => !text.includes(`'${call}'`))).toEqual([])
})

test('the client needs nothing but what every JavaScript has', () => {
  const sources = readdirSync(CLIENT).map((name) => readFileSync(join(CLIENT, name), 'utf8'))
  const imported = sources.flatMap((text) => [...text.matchAll(/from '([^']+)'/g)])
  expect(imported.length).toBeGreaterThan(10)
  expect(imported.map(([, name = '']) => name).filter((name) => !/^\.\/\w/.test(name))).toEqual([])
})

describe('a schema as a type', () => {
  test.each([
    [{ type: 'integer' }, 'number'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ enum: ['a', "b'c"] }, "'a' | 'b\\'c'"],
    [{ type: 'array', items: { $ref: '#/components/schemas/Entry' } }, 'Array<Entry>'],
    [
      { type: 'object', required: ['a'], properties: { a: { const: true }, 'b-c': {} } },
      "{ a: true; 'b-c'?: unknown }",
    ],
    [{ type: 'object', additionalProperties: { type: 'boolean' } }, 'Record<string, boolean>'],
  ])('%j', (schema, type) => {
    expect(typeOf(schema)).toBe(type)
  })

  test('of a kind that is not known is refused', () => {
    expect(() => typeOf({ type: 'tuple' })).toThrow('tuple')
  })
})
