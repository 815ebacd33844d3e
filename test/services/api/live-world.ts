/**
 * The real thing for tests of the API: emulator, workers, Redis and the app, with a new site for
 * each test.
 *
 * Each site is as the demo site is, under the profile without the defect.
 */

import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { buildApp } from '../../../services/api/app.ts'
import type { Api } from '../../../services/api/resource.ts'
import { DEMO_SITE } from '../../../services/demo.ts'
import type { Connection } from '../../../services/redis/connect.ts'
import { openEmulator } from '../../../services/runtime/live.ts'
import type { EntryView } from '../../../services/runtime/views-of-mail.ts'
import { startWorkers } from '../../../services/workers.ts'
import { freshConnection } from '../../support/redis.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Answer<Body> {
  status: number
  headers: Record<string, unknown>
  body: Body & Record<string, unknown>
}

export interface World {
  /** The path of the test's own site, as `/sites/test-1`. */
  site: string
  /** Where the app listens. */
  origin: string
  /** For looking at Redis past the emulator; whoever asks for it quits it. */
  client(): ReturnType<Connection['client']>
  namespace: string
  call<Body>(
    method: Method,
    path: string,
    payload?: object,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>
  get<Body = unknown>(path: string): Promise<Answer<Body>>
  post<Body = unknown>(
    path: string,
    payload: object,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>
  /** The entries of a recipient, once all of them are settled. */
  settled(id: string, address: string): Promise<EntryView[]>
}

export const lunch = { from: 'carol', to: ['dave'], subject: 'Lunch?', text: 'At noon.' }

const SITE = {
  profile: 'exchange-5.5-sp4',
  servers: DEMO_SITE.servers,
  mailboxes: DEMO_SITE.mailboxes ?? [],
}

/** Called once at the top of a file; its members are there when a test begins. */
export function liveWorld(): World {
  const closing: (() => Promise<unknown>)[] = []
  let number = 0
  let app: Api
  let connection: Connection

  const call: World['call'] = async (method, path, payload, headers = {}) => {
    const answer = await app.inject({ method, url: path, headers, ...(payload && { payload }) })
    const json = String(answer.headers['content-type']).includes('json')
    const body = json ? answer.json() : answer.body
    return { status: answer.statusCode, headers: answer.headers, body }
  }

  const world: World = {
    site: '',
    origin: '',
    client: () => connection.client(),
    namespace: '',
    call,
    get: (path) => call('GET', path),
    post: (path, payload, headers) => call('POST', path, payload, headers),
    async settled(id, address) {
      const path = `${world.site}/messages/${id}/recipients/${address}`
      const query = '?until=settled&timeout=20s'
      const { body } = await world.get<{ reached: boolean; entries: EntryView[] }>(path + query)
      expect(body.reached).toBe(true)
      return body.entries
    },
  }

  beforeAll(async () => {
    connection = freshConnection()
    world.namespace = connection.namespace
    const emulator = await openEmulator(connection, { lagMs: Number.POSITIVE_INFINITY })
    const roles = ['mta', 'store', 'moves', 'directory'] as const
    const workers = await startWorkers(connection, { roles: [...roles] })
    app = (await buildApp({ emulator, connection, log: 'silent' })) as Api
    world.origin = await app.listen({ host: '127.0.0.1', port: 0 })
    closing.push(app.close.bind(app), workers.close.bind(workers), emulator.close.bind(emulator))
  })

  beforeEach(async () => {
    const name = `test-${++number}`
    world.site = `/sites/${name}`
    expect((await world.post('/sites', { name, ...SITE })).status).toBe(201)
  })

  afterAll(async () => {
    for (const close of closing) await close()
  })

  return world
}
