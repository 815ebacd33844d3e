/**
 * Every call of the HTTP API but those that are Mailpit’s.
 *
 * Written by test/services/client/api.test.ts from the description of the API: run it
 * with -u, and never edit this.
 */

import type {
  Advanced,
  Bundle,
  Clock,
  Fault,
  HeldEvent,
  JournalEntry,
  Ready,
  Site,
  TrackingLogs,
} from './api-answers.ts'
import type {
  Accepted,
  Import,
  Item,
  ItemDetail,
  List,
  Mailbox,
  Message,
  MessageSummary,
  Prefilled,
  Recipient,
} from './api-mail.ts'
import type { Audit, Batch, DeadLetter, Move, Rest } from './api-moves.ts'
import type {
  ClockChange,
  Empty,
  NewBatch,
  NewFault,
  NewMailboxes,
  NewMessage,
  NewMove,
  NewSite,
  Prefill,
  PutList,
  PutMailbox,
  Release,
  Restart,
  RestWanted,
  SiteChange,
  Step,
} from './api-requests.ts'

/** No parameters of that kind. */
export type None = Record<string, never>

/** One call: its body, its answer, and the parameters beside those of its path. */
export interface Call<Body, Answer, Query = None, Headers = None> {
  body: Body
  answer: Answer
  query: Query
  headers: Headers
}

export interface Calls {
  'GET /sites': Call<null, { sites: Array<Site> }>
  'POST /sites': Call<NewSite, Site>
  'GET /sites/{site}': Call<null, Site>
  'PATCH /sites/{site}': Call<SiteChange, Site>
  'DELETE /sites/{site}': Call<null, null>
  'GET /sites/{site}/mailboxes': Call<null, { mailboxes: Array<Mailbox> }>
  'POST /sites/{site}/mailboxes': Call<NewMailboxes, Import>
  'PUT /sites/{site}/mailboxes/{alias}': Call<PutMailbox, Mailbox>
  'GET /sites/{site}/mailboxes/{alias}': Call<null, Mailbox>
  'DELETE /sites/{site}/mailboxes/{alias}': Call<null, null>
  'POST /sites/{site}/mailboxes/{alias}/prefill': Call<Prefill, Prefilled>
  'GET /sites/{site}/lists': Call<null, { lists: Array<List> }>
  'PUT /sites/{site}/lists/{alias}': Call<PutList, List>
  'GET /sites/{site}/lists/{alias}': Call<null, List>
  'DELETE /sites/{site}/lists/{alias}': Call<null, null>
  'GET /sites/{site}/mailboxes/{alias}/messages': Call<
    null,
    { total: number; items: Array<Item> },
    {
      offset?: number
      limit?: number
      from?: string
      subject?: string
      text?: string
      header?: string
      after?: string
      wait?: string
    }
  >
  'GET /sites/{site}/mailboxes/{alias}/messages/{id}': Call<null, ItemDetail>
  'DELETE /sites/{site}/mailboxes/{alias}/messages/{id}': Call<null, null>
  'GET /sites/{site}/mailboxes/{alias}/messages/{id}/raw': Call<null, string>
  'GET /sites/{site}/mailboxes/{alias}/messages/{id}/attachments/{number}': Call<null, string>
  'GET /sites/{site}/messages': Call<
    null,
    { total: number; messages: Array<MessageSummary> },
    { state?: 'pending' | 'settled'; offset?: number; limit?: number }
  >
  'POST /sites/{site}/messages': Call<
    NewMessage,
    Accepted,
    {
      from?: string
      to?: string | Array<string>
      server?: string
      priority?: 'urgent' | 'normal' | 'non-urgent'
      notify?:
        | 'never'
        | 'failure'
        | 'success'
        | 'delay'
        | Array<'never' | 'failure' | 'success' | 'delay'>
      deferUntil?: string
      deferFor?: string
      ret?: 'full' | 'headers'
      envelopeId?: string
    },
    { 'idempotency-key'?: string }
  >
  'GET /sites/{site}/messages/{id}': Call<null, Message>
  'GET /sites/{site}/messages/{id}/recipients/{address}': Call<
    null,
    Recipient,
    {
      until?:
        | 'settled'
        | 'queued'
        | 'delivering'
        | 'deferred'
        | 'transferred'
        | 'failed'
        | 'delivered'
        | 'redirected'
        | 'expanded'
        | 'reported'
        | 'silenced'
        | 'deadLettered'
        | 'handedOff'
        | 'lost'
      timeout?: string
    }
  >
  'POST /sites/{site}/moves': Call<NewMove, Move>
  'GET /sites/{site}/moves': Call<null, { moves: Array<Move> }>
  'GET /sites/{site}/moves/{id}': Call<null, Move>
  'POST /sites/{site}/moves/{id}/release': Call<Release, Move>
  'POST /sites/{site}/moves/{id}/cancel': Call<Empty, Move>
  'POST /sites/{site}/batches': Call<NewBatch, Batch>
  'GET /sites/{site}/batches': Call<null, { batches: Array<Batch> }>
  'GET /sites/{site}/batches/{id}': Call<null, Batch>
  'POST /sites/{site}/batches/{id}/cancel': Call<Empty, Batch>
  'POST /sites/{site}/faults': Call<NewFault, Fault>
  'GET /sites/{site}/faults': Call<null, { faults: Array<Fault> }>
  'GET /sites/{site}/faults/{id}': Call<null, Fault>
  'DELETE /sites/{site}/faults/{id}': Call<null, null>
  'POST /sites/{site}/servers/{server}/restart': Call<Restart, null>
  'GET /sites/{site}/audit': Call<null, Audit, { rest?: string }>
  'POST /sites/{site}/rest': Call<RestWanted, Rest>
  'GET /sites/{site}/dead-letters': Call<
    null,
    { total: number; deadLetters: Array<DeadLetter> },
    { offset?: number; limit?: number }
  >
  'GET /sites/{site}/bundle': Call<null, Bundle>
  'GET /sites/{site}/tracking.log': Call<null, TrackingLogs, { before?: string }>
  'GET /sites/{site}/tracking.log/{file}': Call<null, string>
  'GET /sites/{site}/event.log': Call<null, string>
  'GET /sites/{site}/events': Call<null, string, { after?: string }, { 'last-event-id'?: string }>
  'GET /sites/{site}/clock': Call<null, Clock>
  'POST /sites/{site}/clock': Call<ClockChange, Advanced | Clock>
  'POST /sites/{site}/pause': Call<
    Empty,
    {
      /** The oldest first. */
      held: Array<HeldEvent>
    }
  >
  'GET /sites/{site}/held': Call<
    null,
    {
      /** The oldest first. */
      held: Array<{
        id: string
        queue: string
        type: string
        /** The address of the actor. */
        to: string
        text: string
        /** With `whole`: what it carries. */
        event?: Record<string, unknown>
        /** With `whole`: how often its worker was gone. */
        stalls?: number
      }>
      /** With `whole`: events under way that are not held yet, due alarms among them. */
      moving?: number
    },
    { whole?: boolean }
  >
  'POST /sites/{site}/step': Call<
    Step,
    {
      /** What it changed. */
      stepped: JournalEntry | null
      /** The oldest first. */
      held: Array<HeldEvent>
    }
  >
  'POST /sites/{site}/resume': Call<
    Empty,
    {
      /** The oldest first. */
      held: Array<HeldEvent>
    }
  >
  'GET /healthz': Call<null, { status: 'ok' }>
  'GET /readyz': Call<null, Ready>
}
