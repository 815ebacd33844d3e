/**
 * A request for every route: those of the OpenAPI document as it describes them, the rest (queue
 * UI, docs, pages) by their paths.
 */
import fc from 'fast-check'
import { memberOf, type Schema, type Schemas, SITES, textOf } from './schema-arbitrary.ts'

export interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Schemas }
}

export interface Route {
  method: string
  url: string
}

export interface Request {
  method: string
  /** The route's, with its parameters. */
  route: string
  path: string
  headers: Record<string, string>
  body?: string
}

/** One that makes, or sends, is asked oftener: without what it makes the others find nothing. */
const WEIGHTS: Record<string, number> = {
  'POST /sites/{site}/messages': 10,
  'POST /sites/{site}/moves': 4,
  'POST /sites/{site}/faults': 3,
  'POST /sites/{site}/resume': 5,
  'DELETE /sites/{site}/faults/{id}': 5,
}

/** Deletes, or holds back, all that others would look at, so it is asked seldom. */
const SELDOM = new Set(['DELETE /sites/{site}', 'POST /sites/{site}/pause'])
const USUAL = 8
const OTHERS = 4
const PAUSES = /\/pause$/

/** A request of any of these; `described` is what the document knows, `routes` is every route. */
export function anyRequest(described: Document, routes: Route[]): fc.Arbitrary<Request> {
  const schemas = described.components.schemas
  const documented = Object.entries(described.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const name = `${method.toUpperCase()} ${path}`
      const weight = SELDOM.has(name) ? 1 : USUAL * (WEIGHTS[name] ?? 1)
      return { weight, arbitrary: requestOf(method.toUpperCase(), path, operation, schemas) }
    }),
  )
  const known = new Set(
    Object.entries(described.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  )
  const others = routes
    .map(({ method, url }) => ({ method, url: url.replace(/:(\w+)/g, '{$1}') }))
    .filter(({ method, url }) => !known.has(`${method} ${url}`))
    .map(({ method, url }) => {
      const weight = PAUSES.test(url) ? 1 : OTHERS
      return { weight, arbitrary: requestByPath(method, url) }
    })
  return fc.oneof(...documented, ...others)
}

function requestOf(method: string, route: string, operation: Operation, all: Schemas) {
  const { parameters = [], requestBody } = operation
  const located = (place: string) => parameters.filter((each) => each.in === place)
  const texts = (place: string) =>
    fc.record(
      Object.fromEntries(located(place).map(({ name, schema }) => [name, textOf(name, schema)])),
      {
        requiredKeys: located(place).flatMap(({ name, in: where }) =>
          where === 'path' ? [name] : [],
        ),
      },
    )
  const body = requestBody?.content['application/json']?.schema
  return fc
    .record({
      path: texts('path'),
      query: texts('query'),
      headers: texts('header'),
      body: body ? fc.option(memberOf(body, all), { freq: 30 }) : fc.constant(null),
    })
    .map(({ path, query, headers, body }): Request => {
      const asked = new URLSearchParams(definedOf(query)).toString()
      return {
        method,
        route,
        path: filled(route, definedOf(path)) + (asked === '' ? '' : `?${asked}`),
        headers: sendable(definedOf(headers), body !== null),
        ...(body === null ? {} : { body: JSON.stringify(body) }),
      }
    })
}

/** The queue UI's own parameters: queues of the sites there are, jobs, states. */
function requestByPath(method: string, route: string): fc.Arbitrary<Request> {
  const queues = SITES.flatMap((site) => [`${site}.nyc.mta`, `${site}.lon.store`, `${site}.moves`])
  const parameter = fc.oneof(
    fc.constantFrom(...queues),
    fc.constantFrom('latest', 'completed', 'failed', 'delayed', '@job:0', '@job:1', 'x', '..'),
    textOf('', { type: 'string' }),
  )
  return fc
    .tuple(fc.array(parameter, { minLength: 6, maxLength: 6 }), fc.boolean())
    .map(([parameters, withBody]): Request => {
      let next = 0
      const path = route.replace(/\{\w+\}|\*/g, () => encoded(parameters[next++] ?? 'x'))
      const body = withBody && method !== 'GET' && method !== 'HEAD'
      return { method, route, path, headers: sendable({}, body), ...(body && { body: '{}' }) }
    })
}

function definedOf(record: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

function filled(route: string, values: Record<string, string>): string {
  return route.replace(/\{(\w+)\}/g, (_all, name: string) => encoded(values[name] ?? 'x'))
}

/** An empty segment would be another path; half a character is none. */
function encoded(text: string): string {
  return encodeURIComponent(text === '' ? '%' : text.replace(/\p{Surrogate}/gu, '?'))
}

/** Headers are bytes: what is beyond Latin-1, or controls, a client library does not let out. */
function sendable(headers: Record<string, string>, json: boolean): Record<string, string> {
  const clean = Object.entries(headers).map(([name, value]) => [
    name,
    value.replace(/[^\x20-\x7e\xa0-\xff]/g, '?'),
  ])
  return { ...Object.fromEntries(clean), ...(json ? { 'content-type': 'application/json' } : {}) }
}
