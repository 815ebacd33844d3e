/**
 * Holds what a client sent against the schema of the route, and says in words what does not fit.
 *
 * Rules: a body is taken as it is (`"5"` is not a number there), while params, query and headers
 * are text and are converted first; an unknown member is an error that names it; every complaint
 * has the JSON Pointer (RFC 6901) to what it is about. The validator's own order of errors is kept.
 */

import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Value } from 'typebox/value'
import { type Problem, type ProblemCode, problem } from '../errors.ts'
import { shortened } from './quoted.ts'

/** One thing that is wrong, and where. */
export interface Complaint {
  path: string
  message: string
}

/** Of members that are not known, so many are named: the rest will be seen once these are gone. */
const COMPLAINTS_MAX = 8

/** A name in the path that cannot exist is as unknown as one that does not. */
const UNKNOWN_NAME: Record<string, ProblemCode> = {
  '/site': 'unknown-site',
  '/server': 'unknown-server',
  '/alias': 'unknown-mailbox',
}

const PART: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
}

/** For Fastify: from a schema to a function that converts, checks and complains. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({
  schema,
  httpPart = 'body',
}) => {
  let made: ReturnType<typeof Compile> | undefined
  return (value: unknown) => {
    made ??= Compile(schema)
    const compiled = made
    const converted = httpPart === 'body' ? value : Value.Convert(schema, value)
    if (compiled.Check(converted)) return { value: converted }
    const complaints = complaintsOf(compiled.Errors(converted), schema)
    return { error: refusal(complaints, httpPart) }
  }
}

function refusal(complaints: Complaint[], httpPart: string): Problem {
  const first = complaints[0]
  const unknown = httpPart === 'params' ? UNKNOWN_NAME[first?.path ?? ''] : undefined
  if (unknown) return problem(unknown, `no such name can exist: it ${first?.message}`)
  const part = PART[httpPart] ?? httpPart
  const detail = complaints.map(({ path, message }) => `${part}${path} ${message}`).join('; ')
  return problem('bad-request', detail, { errors: complaints })
}

/** The validator's errors in our words: the branches of a union become one complaint. */
export function complaintsOf(errors: TLocalizedValidationError[], schema: TSchema): Complaint[] {
  const unions = errors
    .filter((error) => error.keyword === 'anyOf')
    .map((error) => error.schemaPath)
  return errors
    .filter((error) => error.keyword !== 'boolean')
    .filter((error) => !unions.some((union) => error.schemaPath.startsWith(`${union}/anyOf/`)))
    .flatMap((error) => complaintsOfOne(error, errors, schema))
}

function complaintsOfOne(
  error: TLocalizedValidationError,
  errors: TLocalizedValidationError[],
  schema: TSchema,
): Complaint[] {
  const path = error.instancePath
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        path: `${path}/${pointer(name)}`,
        message: 'is missing',
      }))
    case 'additionalProperties':
      return error.params.additionalProperties.slice(0, COMPLAINTS_MAX).map((name) => ({
        path: `${path}/${pointer(shortened(name))}`,
        message: 'is not known here',
      }))
    case 'anyOf':
      return [{ path, message: choicesOf(error, errors) }]
    default:
      return [{ path, message: said(error, schema) }]
  }
}

/** `must be one of "a", "b"`, or `must be string or must be number`. */
function choicesOf(union: TLocalizedValidationError, errors: TLocalizedValidationError[]): string {
  const branches = errors.filter((error) => {
    return (
      error.schemaPath.startsWith(`${union.schemaPath}/anyOf/`) &&
      error.instancePath === union.instancePath
    )
  })
  const constants = branches.flatMap((error) => {
    return error.keyword === 'const' ? [JSON.stringify(error.params.allowedValue)] : []
  })
  if (constants.length > 0 && constants.length === branches.length) {
    return `must be one of ${constants.join(', ')}`
  }
  return branches.map((error) => error.message).join(' or ') || 'has none of the forms it may have'
}

/** A pattern is explained by the description of its schema, the rest by the validator. */
function said(error: TLocalizedValidationError, schema: TSchema): string {
  if (error.keyword === 'const') return `must be ${JSON.stringify(error.params.allowedValue)}`
  if (error.keyword === 'enum') {
    const words = error.params.allowedValues.map((word) => JSON.stringify(word))
    return `must be one of ${words.join(', ')}`
  }
  if (error.keyword !== 'pattern') return error.message
  const description = Value.Pointer.Get(schema, error.schemaPath.slice(1)) as
    | { description?: string }
    | undefined
  return description?.description ? `must be ${description.description}` : error.message
}

function pointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
