/**
 * A debugger for mail: `/sites/:site/pause`, `/step`, `/resume`, and `/held` for what stands still.
 */

import { Type } from 'typebox'
import type { Resource } from './resource.ts'
import { Id, JournalEntry, Refusals, SiteParams, strict } from './schema.ts'

export const Held = Type.Object(
  {
    id: Type.String(),
    queue: Type.String(),
    type: Type.String(),
    to: Type.String({ description: 'The address of the actor.' }),
    text: Type.String(),
  },
  { title: 'HeldEvent' },
)

const Whole = {
  event: Type.Optional(
    Type.Object({}, { additionalProperties: true, description: 'With `whole`: what it carries.' }),
  ),
  stalls: Type.Optional(
    Type.Integer({ description: 'With `whole`: how often its worker was gone.' }),
  ),
}

const StandingView = Type.Object({
  held: Type.Array(Type.Object({ ...Held.properties, ...Whole }), {
    description: 'The oldest first.',
  }),
  moving: Type.Optional(
    Type.Integer({
      description: 'With `whole`: events under way that are not held yet, due alarms among them.',
    }),
  ),
})

const HeldList = Type.Array(Held, { description: 'The oldest first.' })
const Empty = strict({}, { title: 'Empty' })
const tags = ['debug']

const pause: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/pause',
    {
      schema: {
        summary: 'Hold every event',
        tags,
        params: SiteParams,
        body: Empty,
        response: { 200: Type.Object({ held: HeldList }), ...Refusals },
      },
    },
    async (request) => emulator.pause(request.params.site),
  )
}

const listHeld: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/held',
    {
      schema: {
        summary: 'The events that are held',
        tags,
        description: 'With `whole` each with all that it carries, and how many still move.',
        params: SiteParams,
        querystring: strict({ whole: Type.Optional(Type.Boolean()) }),
        response: { 200: StandingView, ...Refusals },
      },
    },
    async (request) =>
      request.query.whole
        ? emulator.standing(request.params.site)
        : { held: await emulator.held(request.params.site) },
  )
}

const step: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/step',
    {
      schema: {
        summary: 'Let one held event happen',
        description: 'The oldest, or the one named.',
        tags,
        params: SiteParams,
        body: strict({ event: Type.Optional(Id) }, { title: 'Step' }),
        response: {
          200: Type.Object({
            stepped: Type.Union([JournalEntry, Type.Null()], { description: 'What it changed.' }),
            held: HeldList,
          }),
          ...Refusals,
        },
      },
    },
    async (request) => emulator.step(request.params.site, request.body.event),
  )
}

const resume: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/resume',
    {
      schema: {
        summary: 'Let everything go on',
        tags,
        params: SiteParams,
        body: Empty,
        response: { 200: Type.Object({ held: HeldList }), ...Refusals },
      },
    },
    async (request) => {
      await emulator.resume(request.params.site)
      return { held: await emulator.held(request.params.site) }
    },
  )
}

export const debug: Resource[] = [pause, listHeld, step, resume]
