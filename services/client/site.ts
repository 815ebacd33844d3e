/**
 * One site, as a client drives it: its mailboxes, its mail, its moves, its faults, its clock, its
 * ledger.
 *
 * Holds nothing but the name of the site, so any number of them may be about one. Durations are in
 * milliseconds, or as people write them: `500ms`, `30s`, `10m`, `7d`. Whatever the service refuses
 * is an `UndeliverableError`.
 */
import type { Advanced, Clock } from './api-answers.ts'
import type { Calls } from './api-calls.ts'
import type {
  NewBatch,
  NewFault,
  NewMailbox,
  NewMessage,
  NewMove,
  Prefill,
  PutList,
  PutMailbox,
} from './api-requests.ts'
import type { Caller } from './call.ts'
import { type EventsOptions, eventsOf } from './events.ts'
import { type Letter, letterOf } from './letter.ts'
import { type RestOptions, restOf } from './rest.ts'
import { type MoveWait, untilBatch, untilMove } from './wait.ts'

export type Duration = number | string

type Query<Name extends keyof Calls> = Calls[Name]['query']
type Body<Name extends keyof Calls> = Calls[Name]['body']

/** What a mailbox is looked through for; with `wait` the service waits until something matches. */
export type ItemsQuery = Omit<Query<'GET /sites/{site}/mailboxes/{alias}/messages'>, 'wait'> & {
  wait?: Duration
}

/** Who sends a whole message, and to whom. */
export type Envelope = Query<'POST /sites/{site}/messages'> & { from: string; to: string[] }

export interface SendOptions {
  /** A repeated request with the same key is the same message. */
  idempotencyKey?: string
}

export type Site = ReturnType<typeof siteOf>

export function siteOf(caller: Caller, name: string) {
  const { call } = caller
  const path = { site: name }
  return {
    name,
    /** Where it is, for what is not here. */
    url: `${caller.url}/sites/${encodeURIComponent(name)}`,
    get: () => call('GET /sites/{site}', { path }),
    changeProfile: (profile: Body<'PATCH /sites/{site}'>['profile']) =>
      call('PATCH /sites/{site}', { path, body: { profile } }),
    delete: () => call('DELETE /sites/{site}', { path }),
    mailboxes: mailboxesOf(caller, name),
    lists: listsOf(caller, name),
    ...mailOf(caller, name),
    moves: movesOf(caller, name),
    batches: batchesOf(caller, name),
    faults: faultsOf(caller, name),
    clock: clockOf(caller, name),
    ...debuggerOf(caller, name),
    ...ledgerOf(caller, name),
    logs: logsOf(caller, name),
    /** Empties an MTA's cache, as the articles advise. */
    restart: (server: string) =>
      call('POST /sites/{site}/servers/{server}/restart', {
        path: { site: name, server },
        body: { service: 'mta' },
      }),
    /** Every transition, one after the other, for as long as it is read. */
    events: (options: EventsOptions = {}) => eventsOf(caller, name, options),
  }
}

function mailboxesOf({ call, open }: Caller, site: string) {
  return {
    list: async () => (await call('GET /sites/{site}/mailboxes', { path: { site } })).mailboxes,
    /** As the directory, each store, each replica and each cache see it. */
    get: (alias: string) => call('GET /sites/{site}/mailboxes/{alias}', { path: { site, alias } }),
    put: (alias: string, body: PutMailbox) =>
      call('PUT /sites/{site}/mailboxes/{alias}', { path: { site, alias }, body }),
    /** Many at once: all are checked before the first is written. */
    import: (mailboxes: NewMailbox[]) =>
      call('POST /sites/{site}/mailboxes', { path: { site }, body: { mailboxes } }),
    /** Mail that is there before anything happens; each message is one like any other. */
    prefill: (alias: string, body: Prefill) =>
      call('POST /sites/{site}/mailboxes/{alias}/prefill', { path: { site, alias }, body }),
    delete: (alias: string) =>
      call('DELETE /sites/{site}/mailboxes/{alias}', { path: { site, alias } }),
    /** What has arrived, reports included, the oldest first. */
    items: (alias: string, { wait, ...search }: ItemsQuery = {}) =>
      call('GET /sites/{site}/mailboxes/{alias}/messages', {
        path: { site, alias },
        query: { ...search, wait: wait === undefined ? undefined : String(wait) },
      }),
    item: (alias: string, id: string) =>
      call('GET /sites/{site}/mailboxes/{alias}/messages/{id}', { path: { site, alias, id } }),
    /** One of them as it is on the wire. */
    raw: (alias: string, id: string) =>
      call('GET /sites/{site}/mailboxes/{alias}/messages/{id}/raw', { path: { site, alias, id } }),
    /** A file that came with one, decoded; they are numbered from 1. */
    async attachment(alias: string, id: string, number: number): Promise<Uint8Array> {
      const path = { site, alias, id, number: String(number) }
      const answer = await open(
        'GET /sites/{site}/mailboxes/{alias}/messages/{id}/attachments/{number}',
        { path },
      )
      return new Uint8Array(await answer.arrayBuffer())
    },
    /** Removes one, as the user of the mailbox would. */
    remove: (alias: string, id: string) =>
      call('DELETE /sites/{site}/mailboxes/{alias}/messages/{id}', { path: { site, alias, id } }),
  }
}

function listsOf({ call }: Caller, site: string) {
  return {
    list: async () => (await call('GET /sites/{site}/lists', { path: { site } })).lists,
    /** As the directory, each replica and each cache have it. */
    get: (alias: string) => call('GET /sites/{site}/lists/{alias}', { path: { site, alias } }),
    put: (alias: string, body: PutList) =>
      call('PUT /sites/{site}/lists/{alias}', { path: { site, alias }, body }),
    delete: (alias: string) =>
      call('DELETE /sites/{site}/lists/{alias}', { path: { site, alias } }),
  }
}

function mailOf(caller: Caller, site: string) {
  const { call } = caller
  const keyed = ({ idempotencyKey }: SendOptions) =>
    idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }
  return {
    /** Once this has resolved the message is accepted: somebody owes its recipients an outcome. */
    async send(message: NewMessage, options: SendOptions = {}): Promise<Letter> {
      const given = { path: { site }, body: message, headers: keyed(options) }
      return letterOf(caller, site, await call('POST /sites/{site}/messages', given))
    },
    /** The same with a whole message, as it would be on the wire. */
    async sendRaw(
      raw: string | Uint8Array,
      envelope: Envelope,
      options: SendOptions = {},
    ): Promise<Letter> {
      const headers = { ...keyed(options), 'content-type': 'message/rfc822' }
      const given = { path: { site }, query: envelope, headers, body: raw as never }
      return letterOf(caller, site, await call('POST /sites/{site}/messages', given))
    },
    messages: (query: Query<'GET /sites/{site}/messages'> = {}) =>
      call('GET /sites/{site}/messages', { path: { site }, query }),
    message: (id: string) => call('GET /sites/{site}/messages/{id}', { path: { site, id } }),
  }
}

function movesOf(caller: Caller, site: string) {
  const { call } = caller
  return {
    list: async () => (await call('GET /sites/{site}/moves', { path: { site } })).moves,
    get: (id: string) => call('GET /sites/{site}/moves/{id}', { path: { site, id } }),
    start: (body: NewMove) => call('POST /sites/{site}/moves', { path: { site }, body }),
    /** Lets a held move go on: to its end, or to the next phase to hold in. */
    release: (id: string, holdAt?: string) =>
      call('POST /sites/{site}/moves/{id}/release', {
        path: { site, id },
        body: holdAt === undefined ? {} : { holdAt },
      }),
    cancel: (id: string) =>
      call('POST /sites/{site}/moves/{id}/cancel', { path: { site, id }, body: {} }),
    /** The move once it is held, or in this phase or state. */
    until: (id: string, wait: MoveWait) => untilMove(caller, site, id, wait),
  }
}

/** Many moves, so many at a time, which go on without whoever asked. */
function batchesOf(caller: Caller, site: string) {
  const { call } = caller
  return {
    list: async () => (await call('GET /sites/{site}/batches', { path: { site } })).batches,
    get: (id: string) => call('GET /sites/{site}/batches/{id}', { path: { site, id } }),
    start: (body: NewBatch) => call('POST /sites/{site}/batches', { path: { site }, body }),
    /** No further move of it begins. */
    cancel: (id: string) =>
      call('POST /sites/{site}/batches/{id}/cancel', { path: { site, id }, body: {} }),
    /** The batch once none of its moves waits or runs. */
    untilEnded: (id: string, wait: { deadlineMs?: number } = {}) =>
      untilBatch(caller, site, id, wait),
  }
}

function faultsOf({ call }: Caller, site: string) {
  return {
    list: async () => (await call('GET /sites/{site}/faults', { path: { site } })).faults,
    get: (id: string) => call('GET /sites/{site}/faults/{id}', { path: { site, id } }),
    add: (body: NewFault) => call('POST /sites/{site}/faults', { path: { site }, body }),
    /** Also lets go what the rule holds. */
    delete: (id: string) => call('DELETE /sites/{site}/faults/{id}', { path: { site, id } }),
  }
}

function clockOf({ call }: Caller, site: string) {
  const change = (body: Body<'POST /sites/{site}/clock'>, signal?: AbortSignal) =>
    call('POST /sites/{site}/clock', { path: { site }, body, signal })
  return {
    get: () => call('GET /sites/{site}/clock', { path: { site } }),
    /** Jumps from one due timer to the next; nothing happens when it was not due. */
    advance: (by: Duration) => change({ advance: by }) as Promise<Advanced>,
    /** The same until there is nothing left to do; `blockedBy` says what no time will end. */
    untilIdle: (options: { signal?: AbortSignal } = {}) =>
      change({ until: 'idle' }, options.signal) as Promise<Advanced>,
    /** So many seconds of site time in a second. */
    scale: (scale: number) => change({ scale }) as Promise<Clock>,
    stop: () => change({ stop: true }) as Promise<Clock>,
    run: () => change({ run: true }) as Promise<Clock>,
  }
}

function debuggerOf({ call }: Caller, site: string) {
  const path = { site }
  return {
    /** From here nothing moves but what is stepped. */
    pause: () => call('POST /sites/{site}/pause', { path, body: {} }),
    held: async () => (await call('GET /sites/{site}/held', { path })).held,
    /** Takes one held event: the oldest, or the one that is named. */
    step: (event?: string) =>
      call('POST /sites/{site}/step', { path, body: event === undefined ? {} : { event } }),
    resume: () => call('POST /sites/{site}/resume', { path, body: {} }),
  }
}

function ledgerOf(caller: Caller, site: string) {
  const { call } = caller
  const path = { site }
  return {
    /** The ledger as it is, or once the site is at rest: `atRest` says whether it came to that. */
    audit: ({ rest }: { rest?: Duration } = {}) =>
      call('GET /sites/{site}/audit', {
        path,
        query: { rest: rest === undefined ? undefined : String(rest) },
      }),
    /** Lets site time run until there is nothing left to do, then asks the ledger. */
    rest: (options: RestOptions = {}) => restOf(caller, site, options),
    deadLetters: (query: Query<'GET /sites/{site}/dead-letters'> = {}) =>
      call('GET /sites/{site}/dead-letters', { path, query }),
    /** The site in one file, for `conform`, `replay` and `shrink`. */
    bundle: () => call('GET /sites/{site}/bundle', { path }),
  }
}

function logsOf({ call }: Caller, site: string) {
  const path = { site }
  return {
    /** The days of which there is a tracking log, the newest first. */
    days: (query: Query<'GET /sites/{site}/tracking.log'> = {}) =>
      call('GET /sites/{site}/tracking.log', { path, query }),
    /** The tracking log of a day, `yyyymmdd`, as Exchange 5.5 wrote it. */
    tracking: (day: string) =>
      call('GET /sites/{site}/tracking.log/{file}', { path: { site, file: `${day}.log` } }),
    /** The application event log. */
    events: () => call('GET /sites/{site}/event.log', { path }),
  }
}
