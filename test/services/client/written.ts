/**
 * The description of the HTTP API (OpenAPI 3.1), written down as types of TypeScript: what the
 * client sends, what it is answered, and each call there is.
 *
 * Pure. Only what the description uses is understood; a keyword that says something else of a shape
 * throws.
 */

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  patternProperties?: Record<string, Schema>
  description?: string
}

interface Content {
  content?: Record<string, { schema?: Schema }>
}

export interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[]
  requestBody?: Content
  responses: Record<string, Content>
}

export interface Description {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

const JSON_TYPE = 'application/json'
/** Leaves room for indentation within the width of a line. */
const COMMENT_COLUMNS = 84

const nameIn = (reference: string): string => reference.split('/').at(-1) ?? reference

const quoted = (name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) ? name : `'${name.replaceAll("'", "\\'")}'`

const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : JSON.stringify(value)

const union = (types: string[]): string => [...new Set(types)].join(' | ')

/** Words, broken into the lines of a comment. */
function comment(text: string | undefined): string {
  if (text === undefined) return ''
  const lines: string[] = []
  for (const word of text.replaceAll('*/', '* /').split(/\s+/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > COMMENT_COLUMNS) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  if (lines.length === 1) return `/** ${lines[0]} */\n`
  return `/**\n${lines.map((line) => ` * ${line}\n`).join('')} */\n`
}

function memberOf(name: string, schema: Schema, required: boolean): string {
  const said = schema.$ref === undefined ? comment(schema.description) : ''
  return `${said}${quoted(name)}${required ? '' : '?'}: ${typeOf(schema)}`
}

function objectOf(schema: Schema): string {
  const { properties = {}, required = [], additionalProperties, patternProperties } = schema
  const members = Object.entries(properties).map(([name, each]) =>
    memberOf(name, each, required.includes(name)),
  )
  const others = Object.values(patternProperties ?? {})
  if (typeof additionalProperties === 'object') others.push(additionalProperties)
  if (additionalProperties === true) others.push({})
  const rest = others.length === 0 ? null : `Record<string, ${union(others.map(typeOf))}>`
  if (members.length === 0) return rest ?? 'Record<string, never>'
  const long = members.some((member) => member.startsWith('/**'))
  const own = long ? `{\n${members.join('\n')}\n}` : `{ ${members.join('; ')} }`
  return rest === null ? own : `${own} & ${rest}`
}

const SIMPLE: Record<string, string> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
}

/** The type of a schema, in the words of TypeScript. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return nameIn(schema.$ref)
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum !== undefined) return union(schema.enum.map(literal))
  if (schema.anyOf !== undefined) return union(schema.anyOf.map(typeOf))
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ type })))
  if (schema.type === 'array') return `Array<${typeOf(schema.items ?? {})}>`
  if (schema.type === 'object') return objectOf(schema)
  if (schema.type === undefined) return 'unknown'
  const simple = SIMPLE[schema.type]
  if (simple === undefined) throw new Error(`a schema is of the type ${schema.type}`)
  return simple
}

/** The names of the schemas that a value refers to, directly or not. */
function mentioned(value: unknown, schemas: Record<string, Schema>, found = new Set<string>()) {
  for (const [, reference = ''] of JSON.stringify(value).matchAll(/"\$ref":"([^"]+)"/g)) {
    const name = nameIn(reference)
    if (found.has(name)) continue
    found.add(name)
    mentioned(schemas[name], schemas, found)
  }
  return found
}

/** What is Mailpit's: there are clients for it already. */
const FOR_OTHERS = /\/api\/v1\/|\/api\/events$|\/view\/\{file\}$/

const operationsOf = ({ paths }: Description): [string, Operation][] =>
  Object.entries(paths)
    .filter(([path]) => !FOR_OTHERS.test(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path}`,
        operation,
      ]),
    )

/** Every call of the description but Mailpit's, as `GET /sites`. */
export const callsOf = (description: Description): string[] =>
  operationsOf(description).map(([call]) => call)

function parametersOf(operation: Operation, place: string): string {
  const parameters = (operation.parameters ?? []).filter((each) => each.in === place)
  const members = parameters.map(
    ({ name, required, schema }) =>
      `${quoted(name)}${required === true ? '' : '?'}: ${typeOf(schema)}`,
  )
  return members.length === 0 ? 'None' : `{ ${members.join('; ')} }`
}

function answerOf({ responses }: Operation): string {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  const types = good.flatMap(([status, { content }]) => {
    if (status === '204' || content === undefined) return ['null']
    return Object.entries(content).map(([type, { schema = {} }]) =>
      type === JSON_TYPE ? typeOf(schema) : 'string',
    )
  })
  return union(types)
}

const callType = ([call, operation]: [string, Operation]): string => {
  const body = operation.requestBody?.content?.[JSON_TYPE]?.schema
  const required = [body === undefined ? 'null' : typeOf(body), answerOf(operation)]
  const optional = [parametersOf(operation, 'query'), parametersOf(operation, 'header')]
  while (optional.at(-1) === 'None') optional.pop()
  const parts = [...required, ...optional]
  return `${quoted(call)}: Call<${parts.join(', ')}>`
}

const MADE = `Written by test/services/client/api.test.ts from the description of the API: run it
 * with -u, and never edit this.`

interface File {
  /** What it holds, in words. */
  about: string
  types: string[]
  /** What stands behind the types. */
  more?: string
}

/** The text of one file, with what it needs of the others. */
function textOf(file: File, others: Record<string, File>, { components }: Description): string {
  const own = file.types.map((name) => {
    const schema = components.schemas[name] ?? {}
    return `${comment(schema.description)}export type ${name} = ${typeOf(schema)}\n`
  })
  const text = `${own.join('\n')}${file.more ?? ''}`
  const code = text.replaceAll(/\/\*\*[\s\S]*?\*\/|'[^']*'/g, '')
  const imports = Object.entries(others).flatMap(([name, { types }]) => {
    const used = types.filter((type) => new RegExp(`\\b${type}\\b`).test(code)).sort()
    return used.length === 0 ? [] : [`import type { ${used.join(', ')} } from './${name}'\n`]
  })
  return `/**\n * ${file.about}\n *\n * ${MADE}\n */\n\n${imports.join('')}\n${text}`
}

const CALL = `
/** No parameters of that kind. */
export type None = Record<string, never>

/** One call: its body, its answer, and the parameters beside those of its path. */
export interface Call<Body, Answer, Query = None, Headers = None> {
  body: Body
  answer: Answer
  query: Query
  headers: Headers
}
`

/** The files by their names, not formatted yet. */
export function written(description: Description): Record<string, string> {
  const { schemas } = description.components
  const operations = operationsOf(description)
  const requests = mentioned(
    operations.map(([, { requestBody, parameters }]) => [requestBody, parameters]),
    schemas,
  )
  const ofMail = operations.filter(([call]) => /\/(messages|mailboxes|lists)/.test(call))
  const mail = mentioned(ofMail, schemas)
  const ofMoves = operations.filter(([call]) => /\/(moves|batches|audit|rest|dead-)/.test(call))
  const moves = mentioned(ofMoves, schemas)
  const rest = Object.keys(schemas).filter((name) => !requests.has(name))
  const files: Record<string, File> = {
    'api-requests.ts': { about: 'What is sent to the HTTP API.', types: [...requests] },
    'api-mail.ts': {
      about: 'What the HTTP API answers about mail, mailboxes and lists.',
      types: rest.filter((name) => mail.has(name)),
    },
    'api-moves.ts': {
      about: 'What the HTTP API answers about moves, and what the ledger says.',
      types: rest.filter((name) => moves.has(name) && !mail.has(name)),
    },
    'api-answers.ts': {
      about: 'What else the HTTP API answers.',
      types: rest.filter((name) => !mail.has(name) && !moves.has(name)),
    },
    'api-calls.ts': {
      about: 'Every call of the HTTP API but those that are Mailpit’s.',
      types: [],
      more: `${CALL}\nexport interface Calls {\n${operations.map(callType).join('\n')}\n}\n`,
    },
  }
  return Object.fromEntries(
    Object.entries(files).map(([name, file]) => {
      const others = Object.fromEntries(Object.entries(files).filter(([other]) => other !== name))
      return [name, textOf(file, others, description)]
    }),
  )
}
