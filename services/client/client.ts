/**
 * The client of the HTTP API, for programs and tests in TypeScript and JavaScript:
 * `undeliverable/client`. It needs nothing but `fetch`, so it runs in a browser too.
 *
 *     const client = openClient('http://127.0.0.1:3000')
 *     const site = await client.sites.create({ name: 'lab', servers: ['a', 'b'] })
 */
import type { NewSite } from './api-requests.ts'
import { type ClientOptions, openCaller } from './call.ts'
import { type Site, siteOf } from './site.ts'

export type {
  Advanced,
  Bundle,
  Clock,
  Fault,
  HeldEvent,
  JournalEntry,
} from './api-answers.ts'
export type { Calls } from './api-calls.ts'
export type {
  Entry,
  Item,
  ItemDetail,
  List,
  Mailbox,
  Message,
  Report,
  WaitsFor,
} from './api-mail.ts'
export type { Audit, Batch, LedgerEntry, Move, Rest } from './api-moves.ts'
export type {
  NewBatch,
  NewFault,
  NewList,
  NewMailbox,
  NewMessage,
  NewMove,
  NewSite,
  Profile,
  PutList,
  PutMailbox,
} from './api-requests.ts'
export type { ClientOptions } from './call.ts'
export type { SiteEvent } from './events.ts'
export type { Addressee, Letter } from './letter.ts'
export { UndeliverableError } from './problem.ts'
export type { RestOptions } from './rest.ts'
export type { Site } from './site.ts'

export type Client = ReturnType<typeof openClient>

/** Talks to the service at a URL. Holds no connection of its own: there is nothing to close. */
export function openClient(url: string, options: ClientOptions = {}) {
  const caller = openCaller(url, options)
  const { call } = caller
  return {
    url: caller.url,
    /** Any call of the description, by its name: `GET /sites/{site}/moves`. */
    call,
    sites: {
      list: async () => (await call('GET /sites', {})).sites,
      async create(body: NewSite): Promise<Site> {
        await call('POST /sites', { body })
        return siteOf(caller, body.name)
      },
    },
    /** A site that there is, or is not: nobody is asked yet. */
    site: (name: string): Site => siteOf(caller, name),
    healthy: () => call('GET /healthz', {}),
    /** Which parts of the service are there; refused with 503 when one is not. */
    ready: () => call('GET /readyz', {}),
  }
}
