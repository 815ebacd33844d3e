/**
 * `/docs`: the API described by its own schemas (OpenAPI 3.1), to read and to try.
 *
 * Rules: the routes are the source, so nothing here repeats them; a schema with a `title` is shown
 * once under that name and referred to everywhere else. The document itself is `/docs/json`.
 */

import { STATUS_CODES } from 'node:http'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { version } from '../version.ts'
import { UI_POLICY } from './pages.ts'
import type { Api } from './resource.ts'

type Json = null | boolean | number | string | Json[] | { [member: string]: Json }
type JsonObject = { [member: string]: Json }

const TAGS = {
  sites: 'The unit of isolation: its own servers, profile, clock, faults and ledger.',
  mailboxes: 'The directory, and what has arrived.',
  lists: 'Distribution lists of the directory.',
  mailpit:
    'A mailbox, or all of a site’s, by Mailpit’s API v1, for clients that were written for Mailpit',
  messages: 'Mail that was accepted, entry by entry.',
  moves: 'Mailboxes on their way to another server.',
  faults: 'Rules that make something go wrong.',
  servers: 'Restarting them.',
  audit: 'The ledger.',
  logs: 'The tracking log and the event log, as Exchange 5.5 wrote them.',
  events: 'The journal, as it happens.',
  clock: 'Site time.',
  debug: 'Pause, step, resume.',
  service: 'Probes.',
}

/** To be called before the routes are added: it listens to them. */
export function openApi(app: Api): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Undeliverable',
        version: version(),
        description:
          'An emulated site of mail servers in which a mailbox can be moved in the middle of a ' +
          'delivery, and a ledger that says whether anybody was silently lost. Refusals are ' +
          '`application/problem+json`; their codes are at [/problems](/problems).',
      },
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject
      return nameSchemas(document.openapiObject as unknown as JsonObject) as object
    },
  })
  app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: UI_POLICY,
    theme: { css: [{ filename: 'house.css', content: '.swagger-ui .topbar { display: none }' }] },
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true, defaultModelsExpandDepth: 0 },
  })
}

/** Moves each schema with a `title` to `components` and leaves a reference in its place. */
export function nameSchemas(document: JsonObject): JsonObject {
  const schemas: JsonObject = {}
  const paths = described(hoist(document.paths ?? {}, schemas))
  const components = { ...(document.components as JsonObject | undefined), schemas }
  return { ...document, paths, components }
}

function hoist(value: Json, schemas: JsonObject): Json {
  if (Array.isArray(value)) return value.map((each) => hoist(each, schemas))
  if (value === null || typeof value !== 'object') return value
  const walked = Object.fromEntries(
    Object.entries(value).map(([member, each]) => [
      member,
      member === 'examples' || member === 'example' ? each : hoist(each, schemas),
    ]),
  )
  const { title } = walked
  if (typeof title !== 'string') return walked
  schemas[title] = walked
  return { $ref: `#/components/schemas/${title}` }
}

/** A response that says nothing of itself is described by its status. */
function described(value: Json): Json {
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([member, each]) => {
      const silent = isObject(each) && each.description === 'Default Response'
      return [
        member,
        silent ? { ...each, description: STATUS_CODES[member] ?? member } : described(each),
      ]
    }),
  )
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
