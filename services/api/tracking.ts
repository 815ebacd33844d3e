/**
 * `/sites/:site/tracking.log` and `/sites/:site/event.log`: what an administrator of the time had
 * to go by, derived from the journal.
 *
 * Rules: a log is text, written as it is read, and ends where the journal ended when it was asked
 * for; one that is being read counts as an open stream.
 */
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { DAYS_LISTED_MAX } from '../tracking/logs.ts'
import type { Resource } from './resource.ts'
import { Moment, Name, Refusals, SiteParams, strict } from './schema.ts'

const TEXT = 'text/plain'
const SEPARATED = 'text/tab-separated-values'
const END = '.log'

export const Logs = Type.Object(
  {
    logs: Type.Array(Type.String(), { description: '`yyyymmdd.log`, GMT, site time.' }),
    earlier: Type.Boolean({ description: 'There are more before these.' }),
    trimmedBefore: Type.Union([Moment, Type.Null()], {
      description: 'What happened before is no longer kept; null when all of it is.',
    }),
  },
  { title: 'TrackingLogs' },
)

const Day = Type.String({ pattern: '^\\d{8}$', description: 'yyyymmdd', examples: ['19991123'] })

const DayParams = strict({
  site: Name,
  file: Type.String({ pattern: '^\\d{8}\\.log$', examples: ['19991123.log'] }),
})

const textOf = (type: string, description: string) => ({
  200: { description, content: { [type]: { schema: Type.String() } } },
  ...Refusals,
})

const tags = ['logs']

const days: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/tracking.log',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'The days of which there is a tracking log',
        description: `The newest first, ${DAYS_LISTED_MAX} at most; \`before\` a day lists on.`,
        tags,
        params: SiteParams,
        querystring: strict({ before: Type.Optional(Day) }),
        response: {
          200: Logs,
          ...Refusals,
        },
      },
    },
    async (request) => emulator.trackingLogs(request.params.site, request.query.before),
  )
}

const day: Resource = (app, { emulator, quotas }) => {
  app.get(
    '/sites/:site/tracking.log/:file',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'The tracking log of a day, as Exchange 5.5 wrote it',
        description:
          'Tab-delimited: the fields of Q173280, the event numbers of Q173364; a recipient is a ' +
          'line of its own behind its message’s. A first line that begins with `#` says that ' +
          'the journal was trimmed.',
        tags,
        params: DayParams,
        response: textOf(SEPARATED, 'The log; empty when nothing happened.'),
      },
    },
    async (request, reply) => {
      const { site, file } = request.params
      quotas.stream(reply)
      const log = await emulator.trackingLog(site, file.slice(0, -END.length))
      return reply.type(`${SEPARATED}; charset=utf-8`).send(Readable.from(log) as never)
    },
  )
}

const eventLog: Resource = (app, { emulator, quotas }) => {
  app.get(
    '/sites/:site/event.log',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'The application event log, as Event Viewer saves it',
        description:
          'Tab-separated: date, time, source, type, category, event, user, computer, ' +
          'description. Events of Exchange’s own have the source `MSExchangeMTA`, those of the ' +
          'emulator’s `Undeliverable`.',
        tags,
        params: SiteParams,
        response: textOf(TEXT, 'The log; empty when nothing happened.'),
      },
    },
    async (request, reply) => {
      quotas.stream(reply)
      const log = await emulator.eventLog(request.params.site)
      return reply.type(`${TEXT}; charset=utf-8`).send(Readable.from(log) as never)
    },
  )
}

export const tracking: Resource[] = [days, day, eventLog]
