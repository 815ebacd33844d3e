/**
 * What is wrong with a data file, said so that its author can mend it: where, what, and what would
 * be right.
 *
 * Owns the translation from schema errors to sentences. A file is refused as a whole with all that
 * was found, never with the first thing only.
 */
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'

interface SchemaError {
  keyword: string
  schemaPath: string
  instancePath: string
  params: object
  message: string
}

/** `/steps/2/wait` as `steps[2].wait`. */
export function dotted(pointer: string): string {
  const parts = pointer.split('/').slice(1)
  const text = parts.map((part) => (/^[0-9]+$/.test(part) ? `[${part}]` : `.${part}`)).join('')
  return text.replace(/^\./, '')
}

function at(schema: unknown, path: string): Record<string, unknown> {
  let found: unknown = schema
  for (const part of path.split('/').slice(1)) {
    found = (found as Record<string, unknown> | undefined)?.[part]
  }
  return (found ?? {}) as Record<string, unknown>
}

function listed(values: readonly unknown[]): string {
  return values.map((value) => String(value)).join(', ')
}

function sentence(schema: TSchema, value: unknown, error: SchemaError): string {
  const params = error.params as Record<string, unknown[]>
  const place = at(schema, error.schemaPath)
  switch (error.keyword) {
    case 'additionalProperties':
      return `unknown key ${listed(params.additionalProperties ?? [])}; known: ${listed(
        Object.keys((place.properties as object | undefined) ?? {}),
      )}`
    case 'required':
      return `misses ${listed(params.requiredProperties ?? [])}`
    case 'enum':
      return `${JSON.stringify(value)} is not known; known: ${listed(params.allowedValues ?? [])}`
    case 'pattern':
      return `${JSON.stringify(value)} does not have the form ${String(place.pattern)}`
    default:
      return `${error.message}, but is ${JSON.stringify(value)?.slice(0, 60)}`
  }
}

/** Everything that a schema has against a value; empty when it is right. */
export function reasonsAgainst(schema: TSchema, value: unknown, prefix = ''): string[] {
  const errors = Value.Errors(schema, value) as SchemaError[]
  const telling = errors.filter((error) => error.keyword !== 'boolean' && error.keyword !== 'anyOf')
  const sentences = telling.map((error) => {
    const pointer = error.instancePath
    const where = [prefix, dotted(pointer)].filter((part) => part !== '').join('.')
    const place = where === '' ? 'the file' : where.replace('.[', '[')
    return `${place}: ${sentence(schema, at(value, pointer), error)}`
  })
  return [...new Set(sentences)]
}
