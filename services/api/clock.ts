/**
 * `/sites/:site/clock`: the time of a site, which may run fast, stand, or jump from due to due.
 */

import { Type } from 'typebox'
import { problem } from '../errors.ts'
import { durationMs } from './duration.ts'
import { Duration } from './duration-schema.ts'
import { CLOCK_SCALE_MAX } from './limits.ts'
import { type Resource, signalOf } from './resource.ts'
import { Moment, NullableText, oneOf, Refusals, SiteParams, strict, WaitsFor } from './schema.ts'

const clockMembers = {
  now: Moment,
  mode: oneOf(['running', 'stopped']),
  scale: Type.Number({ description: 'Seconds of site time in a second.' }),
  nextDue: NullableText,
}

export const Clock = Type.Object(clockMembers, { title: 'Clock' })

export const Advanced = Type.Object(
  {
    ...clockMembers,
    advancedMs: Type.Number(),
    blockedBy: Type.Array(WaitsFor, { description: 'Why it is not idle; empty when it is.' }),
    fired: Type.Integer({ description: 'Timers that came due.' }),
  },
  { title: 'Advanced' },
)

const changeMembers = {
  advance: Type.Optional(Duration),
  until: Type.Optional(Type.Literal('idle')),
  scale: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: CLOCK_SCALE_MAX })),
  stop: Type.Optional(Type.Literal(true)),
  run: Type.Optional(Type.Literal(true)),
}

const ClockChange = strict(changeMembers, {
  title: 'ClockChange',
  description: 'Exactly one of its members.',
  examples: [{ advance: '10m' }, { until: 'idle' }, { scale: 60 }, { stop: true }],
})

const tags = ['clock']

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/clock',
    {
      schema: {
        summary: 'What time it is',
        tags,
        params: SiteParams,
        response: { 200: Clock, ...Refusals },
      },
    },
    async (request) => emulator.clock(request.params.site),
  )
}

const change: Resource = (app, { emulator, quotas, closing }) => {
  app.post(
    '/sites/:site/clock',
    {
      schema: {
        summary: 'Advance, run until idle, scale, stop or run',
        description:
          'It jumps only between due events. `{"until": "idle"}` answers with `blockedBy` when ' +
          'something waits that no time will end.',
        tags,
        params: SiteParams,
        body: ClockChange,
        response: { 200: Type.Union([Advanced, Clock]), ...Refusals },
      },
    },
    async (request, reply) => {
      const { site } = request.params
      const { body } = request
      checkOne(Object.keys(body))
      if (body.advance !== undefined) {
        const ms = durationMs(body.advance, 'advance')
        quotas.wait(reply)
        return emulator.advance(site, { ms }, signalOf(reply, closing))
      }
      if (body.until) {
        quotas.wait(reply)
        return emulator.advance(site, { until: 'idle' }, signalOf(reply, closing))
      }
      if (body.scale !== undefined) return emulator.setClock(site, { scale: body.scale })
      return emulator.setClock(site, body.stop ? { stop: true } : { run: true })
    },
  )
}

export const clock: Resource[] = [read, change]

function checkOne(given: string[]): void {
  if (given.length === 1) return
  const detail = `exactly one of ${Object.keys(changeMembers).join(', ')} is needed`
  throw problem('bad-request', `${detail}; ${given.length} were given`, {
    errors: [{ path: '', message: detail }],
  })
}
