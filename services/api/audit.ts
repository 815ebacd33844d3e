/**
 * `/sites/:site/audit`: the ledger, which answers whether any recipient was silently lost.
 */

import { Type } from 'typebox'
import { durationMs, QueryDuration } from './duration.ts'
import { WAIT_MS_MAX } from './limits.ts'
import { type Resource, signalOf } from './resource.ts'
import { Moment, Outcome, oneOf, Refusals, SiteParams, strict } from './schema.ts'

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
    accepted: Type.Integer({ description: 'Messages.' }),
    delivered: Type.Integer(),
    reported: Type.Integer(),
    silenced: Type.Integer(),
    deadLettered: Type.Integer(),
    handedOff: Type.Integer(),
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

export const audit: Resource[] = [read]
