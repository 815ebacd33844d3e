/**
 * `/sites/:site/audit`: the ledger, which answers whether any recipient was silently lost.
 */

import { Type } from 'typebox'
import { durationMs } from './duration.ts'
import { Duration, QueryDuration } from './duration-schema.ts'
import { WAIT_MS_DEFAULT, WAIT_MS_MAX } from './limits.ts'
import { type Resource, signalOf } from './resource.ts'
import {
  Moment,
  NullableText,
  Outcome,
  oneOf,
  PageQuery,
  pageOf,
  Refusals,
  SiteParams,
  strict,
  WaitsFor,
} from './schema.ts'

const LedgerEntry = Type.Object(
  {
    message: Type.String(),
    address: Type.String(),
    number: Type.Integer(),
    branch: oneOf(['own', 'redirected']),
    outcome: Outcome,
    why: Type.String(),
  },
  { title: 'LedgerEntry' },
)

export const Audit = Type.Object(
  {
    site: Type.String(),
    at: Moment,
    atRest: Type.Boolean({ description: 'Nothing is on its way, and no timer is armed.' }),
    obligations: Type.Integer({ description: 'The totals below and `lost` sum to it.' }),
    accepted: Type.Integer({ description: 'Recipients, as the originators named them.' }),
    delivered: Type.Integer(),
    reported: Type.Integer(),
    silenced: Type.Integer({ description: 'Failed, and no report was wanted.' }),
    deadLettered: Type.Integer({
      description: 'Failed, of mail without an originator, a report for one: nobody can be told.',
    }),
    handedOff: Type.Integer({ description: 'Beyond the site.' }),
    pending: Type.Integer(),
    lost: Type.Array(LedgerEntry),
    duplicated: Type.Array(
      Type.Object({
        message: Type.String(),
        mailbox: Type.String(),
        places: Type.Array(Type.String()),
      }),
    ),
    unexpected: Type.Array(
      Type.Object({ message: Type.String(), mailbox: Type.String(), place: Type.String() }),
    ),
    falseReports: Type.Array(LedgerEntry),
    deadLetters: Type.Integer({
      description: 'Events that could never be processed and were given up.',
    }),
    swept: Type.Object(
      { resent: Type.Integer(), retried: Type.Integer(), repeated: Type.Integer() },
      {
        description:
          'Events that the sweeper brought back: whose job was missing, had failed, or had ended ' +
          'without what it did being there.',
      },
    ),
    trimmed: Type.Integer({
      description: 'Settled messages that are no longer kept. The totals count them too.',
    }),
  },
  { title: 'Audit' },
)

const read: Resource = (app, { emulator, quotas, closing }) => {
  app.get(
    '/sites/:site/audit',
    {
      schema: {
        summary: 'Was any recipient silently lost?',
        description:
          'With `rest` it waits so long, at most 60 s, for the site to come to rest; `atRest` ' +
          'says whether it did.',
        tags: ['audit'],
        params: SiteParams,
        querystring: strict({ rest: Type.Optional(QueryDuration) }),
        response: { 200: Audit, ...Refusals },
      },
    },
    async (request, reply) => {
      const { rest } = request.query
      if (rest === undefined) return emulator.audit(request.params.site)
      const restMs = durationMs(rest, 'rest', { maxMs: WAIT_MS_MAX })
      quotas.wait(reply)
      return emulator.audit(request.params.site, restMs, signalOf(reply, closing))
    },
  )
}

const Rest = Type.Object(
  {
    audit: Audit,
    blockedBy: Type.Array(WaitsFor, {
      description:
        'What no time will end. Empty when `atRest`, and when the deadline came before it.',
    }),
  },
  { title: 'Rest' },
)

const rest: Resource = (app, { emulator, quotas, closing }) => {
  app.post(
    '/sites/:site/rest',
    {
      schema: {
        summary: 'Wait for rest, within a time, and then audit',
        description:
          'With `advance` site time jumps from one due timer to the next meanwhile, and the ' +
          'clock then goes on as it was; without it this is `GET …/audit?rest=`. It answers ' +
          'when the site is at rest, when what is left waits for something else than time ' +
          '(`blockedBy`), or when the time is over: `audit.atRest` says whether it is.',
        tags: ['audit'],
        params: SiteParams,
        body: strict(
          {
            within: Type.Optional(Duration),
            advance: Type.Optional(Type.Boolean({ description: 'Default: false.' })),
          },
          { title: 'RestWanted', examples: [{ within: '30s', advance: true }] },
        ),
        response: { 200: Rest, ...Refusals },
      },
    },
    async (request, reply) => {
      const { within = WAIT_MS_DEFAULT, advance = false } = request.body
      const withinMs = durationMs(within, 'within', { maxMs: WAIT_MS_MAX })
      quotas.wait(reply)
      const spec = { withinMs, advance }
      return emulator.rest(request.params.site, spec, signalOf(reply, closing))
    },
  )
}

const DeadLetter = Type.Object(
  {
    at: Moment,
    event: Type.Object({ id: Type.String(), type: Type.String(), to: Type.String() }),
    message: NullableText,
    error: Type.String({ description: 'What was thrown the last time.' }),
    attempts: Type.Integer(),
    endings: Type.Array(Type.String(), { description: 'How those it was about ended.' }),
  },
  { title: 'DeadLetter' },
)

const listDeadLetters: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/dead-letters',
    {
      schema: {
        summary: 'Events that could never be processed, the newest first',
        description: 'Those whom they were about were reported on; the newest are kept.',
        tags: ['audit'],
        params: SiteParams,
        querystring: strict(PageQuery),
        response: {
          200: Type.Object({ total: Type.Integer(), deadLetters: Type.Array(DeadLetter) }),
          ...Refusals,
        },
      },
    },
    async (request) => emulator.deadLetters(request.params.site, pageOf(request.query)),
  )
}

export const audit: Resource[] = [read, rest, listDeadLetters]
