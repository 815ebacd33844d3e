/**
 * What a route takes and answers is compiled when it is first needed, so that a schema that cannot
 * be compiled would be found by a client. It is found here.
 */
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { buildSerializer } from '../../../services/api/serialization.ts'
import { validatorCompiler } from '../../../services/api/validation.ts'
import { everyRoute } from './every-route.ts'

const NONSENSE = { type: 'no such type' }
const ROUTE = { method: 'GET', url: '/', httpStatus: '200' }

test('every schema of every route can be compiled', async () => {
  const compile = SerializerSelector()({}, {})
  let count = 0
  for (const { schema } of await everyRoute()) {
    for (const part of [schema.body, schema.querystring, schema.params, schema.headers]) {
      if (part !== undefined) Compile(part as TSchema)
    }
    for (const [status, answer] of Object.entries(schema.response ?? {})) {
      const kinds = Object.values<{ schema: unknown }>(answer.content ?? {})
      for (const one of kinds.length > 0 ? kinds.map(({ schema }) => schema) : [answer]) {
        expect(compile({ ...ROUTE, httpStatus: status, schema: one })).toBeTypeOf('function')
        count++
      }
    }
  }
  expect(count).toBeGreaterThan(100)
})

test('nothing is compiled before it is needed', () => {
  const serialize = buildSerializer({}, {})({ ...ROUTE, schema: NONSENSE })
  expect(() => serialize({})).toThrow()
  const schema = { type: 'string', pattern: '(' } as TSchema
  const validate = validatorCompiler({ schema, method: 'GET', url: '/' }) as (value: string) => void
  expect(() => validate('x')).toThrow()
})

test('an answer has what its schema names, and no more', () => {
  const schema = { type: 'object', properties: { name: { type: 'string' } } }
  const serialize = buildSerializer({}, {})({ ...ROUTE, schema })
  expect(serialize({ name: 'anna', secret: 'x' })).toBe('{"name":"anna"}')
  expect(serialize({ name: 'bob' })).toBe('{"name":"bob"}')
})
