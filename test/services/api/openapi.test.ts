/** The description of the API: complete, named, and pointing at nothing that is not there. */

import { beforeAll, describe, expect, test } from 'vitest'
import { appOver } from './partial-emulator.ts'

interface Operation {
  summary?: string
  tags?: string[]
  responses: Record<string, { description: string; content?: Record<string, unknown> }>
}

interface Document {
  openapi: string
  info: { title: string; version: string }
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

/** Mailpit's calls, below each mailbox and each site. */
const MAILPIT = [
  ...['info', 'webui', 'messages', 'search', 'tags'].map((name) => `GET {place}/api/v1/${name}`),
  ...['', '/headers', '/raw', '/part/{part}'].map(
    (rest) => `GET {place}/api/v1/message/{id}${rest}`,
  ),
  ...['messages', 'tags', 'tags/{tag}'].map((name) => `PUT {place}/api/v1/${name}`),
  ...['messages', 'search', 'tags/{tag}'].map((name) => `DELETE {place}/api/v1/${name}`),
  'POST {place}/api/v1/send',
  'GET {place}/view/{file}',
  'GET {place}/api/events',
]

/** The HTTP contract: what must be there, whatever else is. */
const CONTRACT = [
  ...['/sites/{site}', '/sites/{site}/mailboxes/{alias}'].flatMap((place) =>
    MAILPIT.map((call) => call.replace('{place}', place)),
  ),
  'GET /sites',
  'POST /sites',
  'GET /sites/{site}',
  'PATCH /sites/{site}',
  'DELETE /sites/{site}',
  'GET /sites/{site}/mailboxes',
  'PUT /sites/{site}/mailboxes/{alias}',
  'GET /sites/{site}/mailboxes/{alias}',
  'DELETE /sites/{site}/mailboxes/{alias}',
  'GET /sites/{site}/mailboxes/{alias}/messages',
  'GET /sites/{site}/mailboxes/{alias}/messages/{id}',
  'GET /sites/{site}/mailboxes/{alias}/messages/{id}/raw',
  'GET /sites/{site}/mailboxes/{alias}/messages/{id}/attachments/{number}',
  'DELETE /sites/{site}/mailboxes/{alias}/messages/{id}',
  'GET /sites/{site}/lists',
  'PUT /sites/{site}/lists/{alias}',
  'GET /sites/{site}/lists/{alias}',
  'DELETE /sites/{site}/lists/{alias}',
  'POST /sites/{site}/messages',
  'GET /sites/{site}/messages',
  'GET /sites/{site}/messages/{id}',
  'GET /sites/{site}/messages/{id}/recipients/{address}',
  'POST /sites/{site}/mailboxes',
  'POST /sites/{site}/mailboxes/{alias}/prefill',
  'POST /sites/{site}/batches',
  'GET /sites/{site}/batches',
  'GET /sites/{site}/batches/{id}',
  'POST /sites/{site}/batches/{id}/cancel',
  'POST /sites/{site}/rest',
  'POST /sites/{site}/moves',
  'GET /sites/{site}/moves',
  'GET /sites/{site}/moves/{id}',
  'POST /sites/{site}/moves/{id}/release',
  'POST /sites/{site}/moves/{id}/cancel',
  'POST /sites/{site}/faults',
  'GET /sites/{site}/faults',
  'GET /sites/{site}/faults/{id}',
  'DELETE /sites/{site}/faults/{id}',
  'POST /sites/{site}/servers/{server}/restart',
  'GET /sites/{site}/audit',
  'GET /sites/{site}/dead-letters',
  'GET /sites/{site}/bundle',
  'GET /sites/{site}/tracking.log',
  'GET /sites/{site}/tracking.log/{file}',
  'GET /sites/{site}/event.log',
  'GET /sites/{site}/events',
  'GET /sites/{site}/clock',
  'POST /sites/{site}/clock',
  'POST /sites/{site}/pause',
  'GET /sites/{site}/held',
  'POST /sites/{site}/step',
  'POST /sites/{site}/resume',
  'GET /healthz',
  'GET /readyz',
]

let document: Document
let operations: [string, Operation][]

beforeAll(async () => {
  const app = await appOver({})
  document = (await app.inject('/docs/json')).json()
  operations = Object.entries(document.paths).flatMap(([path, methods]) => {
    return Object.entries(methods).map(([method, operation]): [string, Operation] => {
      return [`${method.toUpperCase()} ${path}`, operation]
    })
  })
})

describe('the OpenAPI document', () => {
  test('lists the contract, and nothing beside it', () => {
    expect(operations.map(([name]) => name).sort()).toEqual([...CONTRACT].sort())
  })

  test('says of each call what it is for, and what it answers and refuses', () => {
    const known = document.tags.map(({ name }) => name)
    for (const [name, { summary, tags, responses }] of operations) {
      expect(summary, name).toBeTruthy()
      expect(known, name).toContain(tags?.[0])
      const statuses = Object.keys(responses)
      expect(
        statuses.some((status) => /^2|^101$/.test(status)),
        name,
      ).toBe(true)
      const descriptions = Object.values(responses).map(({ description }) => description)
      expect(descriptions, name).not.toContain('Default Response')
      if (!name.includes('/sites')) continue
      expect(responses['4XX']?.content, name).toHaveProperty(['application/problem+json'])
      expect(responses['5XX']?.content, name).toHaveProperty(['application/problem+json'])
    }
  })

  test('names its schemas, and refers to none that is not there', () => {
    const names = Object.keys(document.components.schemas)
    expect(names).toEqual(
      expect.arrayContaining(['Problem', 'Site', 'Mailbox', 'Message', 'Entry', 'Move', 'Audit']),
    )
    expect(names.filter((name) => name.startsWith('def-'))).toEqual([])
    const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? []
    expect(references.length).toBeGreaterThan(50)
    for (const reference of references) {
      const name = /#\/components\/schemas\/(\w+)"/.exec(reference)?.[1]
      expect(names).toContain(name)
    }
  })

  test('is what the page at /docs reads', async () => {
    const app = await appOver({})
    const page = await app.inject('/docs')
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-type']).toContain('text/html')
    expect(page.body).not.toMatch(/(?:src|href)="https?:/)
  })
})
