/**
 * `/sites/:site/moves`: mailboxes on their way from one server to another, phase by phase.
 */

import { Type } from 'typebox'
import { callerOf } from '../trace-context.ts'
import { WORD_CHARACTERS_MAX } from './limits.ts'
import { askedBy, type Resource } from './resource.ts'
import {
  IdParams,
  Moment,
  Name,
  NullableText,
  oneOf,
  Refusals,
  SiteParams,
  strict,
} from './schema.ts'

const HoldAt = Type.String({
  maxLength: WORD_CHARACTERS_MAX,
  description: 'The phase to hold in: the move reaches it and then waits to be released.',
  examples: ['created'],
})

/** A move that is asked for; a fault rule may ask for one too. */
export const moveMembers = {
  mailbox: Name,
  to: Name,
  holdAt: Type.Optional(HoldAt),
}

export const Move = Type.Object(
  {
    id: Type.String(),
    mailbox: Type.String(),
    from: Type.String(),
    to: Type.String(),
    phase: Type.String(),
    held: Type.Boolean(),
    holdAt: NullableText,
    startedAt: Moment,
    items: Type.Integer({ description: 'Copied so far.' }),
    state: oneOf(['running', 'completed', 'rolledBack', 'refused']),
  },
  { title: 'Move' },
)

const tags = ['moves']

const start: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/moves',
    {
      schema: {
        summary: 'Start to move a mailbox',
        description:
          'Phases: requested, locked, created, copying, verified, committed, published, flushed, ' +
          'removed, completed; the way back: closing, draining, discarding, unlocking, ' +
          'rolledBack. `committed` is the point of no return.',
        tags,
        params: SiteParams,
        body: strict(moveMembers, {
          title: 'NewMove',
          examples: [{ mailbox: 'anna', to: 'lon', holdAt: 'created' }],
        }),
        response: { 201: Move, ...Refusals },
      },
    },
    async (request, reply) => {
      const { site } = request.params
      const spec = { ...request.body, ...callerOf(request) }
      const move = await emulator.startMove(site, spec)
      const location = `/sites/${site}/moves/${encodeURIComponent(move.id)}`
      return reply.code(201).header('location', location).send(move)
    },
  )
}

const list: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/moves',
    {
      schema: {
        summary: 'All moves of a site',
        tags,
        params: SiteParams,
        response: { 200: Type.Object({ moves: Type.Array(Move) }), ...Refusals },
      },
    },
    async (request) => ({ moves: await emulator.moves(request.params.site) }),
  )
}

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/moves/:id',
    {
      schema: {
        summary: 'One move',
        tags,
        params: IdParams,
        response: { 200: Move, ...Refusals },
      },
    },
    async (request) => emulator.move(request.params.site, request.params.id),
  )
}

const release: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/moves/:id/release',
    {
      schema: {
        summary: 'Let a held move go on',
        description: 'To its end, or with `holdAt` to the next phase to hold in.',
        tags,
        params: IdParams,
        body: strict({ holdAt: Type.Optional(HoldAt) }, { title: 'Release' }),
        response: { 200: Move, ...Refusals },
      },
    },
    async (request) => {
      const { site, id } = request.params
      return askedBy(request, emulator).releaseMove(site, id, request.body.holdAt)
    },
  )
}

const cancel: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/moves/:id/cancel',
    {
      schema: {
        summary: 'Take a move back',
        description: 'Until the directory names the target; then `move-committed`.',
        tags,
        params: IdParams,
        body: strict({}, { title: 'Empty' }),
        response: { 200: Move, ...Refusals },
      },
    },
    async (request) => {
      const { site, id } = request.params
      return askedBy(request, emulator).cancelMove(site, id)
    },
  )
}

export const moves: Resource[] = [start, list, read, release, cancel]
