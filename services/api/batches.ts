/**
 * `/sites/:site/batches`: many moves, so many at a time, which go on without whoever asked.
 */
import { Type } from 'typebox'
import { BATCH_CONCURRENCY_MAX } from '../runtime/batches.ts'
import { callerOf } from '../trace-context.ts'
import { BATCH_MOVES_MAX } from './limits.ts'
import type { Resource } from './resource.ts'
import { IdParams, Name, NullableText, oneOf, Refusals, SiteParams, strict } from './schema.ts'

/** A move waits for the stores most of the time. */
const CONCURRENCY_DEFAULT = 10

const Batch = Type.Object(
  {
    id: Type.String(),
    concurrency: Type.Integer(),
    startedAt: Type.String({ description: 'Real time, ISO 8601.' }),
    state: oneOf(['running', 'ended', 'cancelled']),
    total: Type.Integer({ description: 'Moves; the six that follow sum to it.' }),
    waiting: Type.Integer(),
    running: Type.Integer(),
    completed: Type.Integer(),
    rolledBack: Type.Integer(),
    refused: Type.Integer(),
    cancelled: Type.Integer({ description: 'They were never begun.' }),
    moves: Type.Array(
      Type.Object({
        mailbox: Type.String(),
        to: Type.String(),
        state: oneOf(['waiting', 'running', 'completed', 'rolledBack', 'refused', 'cancelled']),
        move: NullableText,
        why: NullableText,
      }),
    ),
  },
  { title: 'Batch' },
)

const tags = ['moves']

const start: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/batches',
    {
      schema: {
        summary: 'Move many mailboxes, so many at a time',
        description:
          'The batch is kept and driven by the workers: it goes on when its caller is gone, and ' +
          'when they died. A move that is refused does not keep the others.',
        tags,
        params: SiteParams,
        body: strict(
          {
            moves: Type.Array(strict({ mailbox: Name, to: Name }, { title: 'BatchMove' }), {
              minItems: 1,
              maxItems: BATCH_MOVES_MAX,
            }),
            concurrency: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: BATCH_CONCURRENCY_MAX,
                description: `Moves under way at a time; default: ${CONCURRENCY_DEFAULT}.`,
              }),
            ),
          },
          {
            title: 'NewBatch',
            examples: [{ moves: [{ mailbox: 'anna', to: 'lon' }], concurrency: 4 }],
          },
        ),
        response: { 201: Batch, ...Refusals },
      },
    },
    async (request, reply) => {
      const { site } = request.params
      const { moves, concurrency = CONCURRENCY_DEFAULT } = request.body
      const batch = await emulator.startBatch(site, { moves, concurrency, ...callerOf(request) })
      const location = `/sites/${site}/batches/${encodeURIComponent(batch.id)}`
      return reply.code(201).header('location', location).send(batch)
    },
  )
}

const list: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/batches',
    {
      schema: {
        summary: 'All batches of a site',
        tags,
        params: SiteParams,
        response: { 200: Type.Object({ batches: Type.Array(Batch) }), ...Refusals },
      },
    },
    async (request) => ({ batches: await emulator.batches(request.params.site) }),
  )
}

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/batches/:id',
    {
      schema: {
        summary: 'One batch, and each of its moves',
        tags,
        params: IdParams,
        response: { 200: Batch, ...Refusals },
      },
    },
    async (request) => emulator.batch(request.params.site, request.params.id),
  )
}

const cancel: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/batches/:id/cancel',
    {
      schema: {
        summary: 'Begin no more moves of a batch',
        description: 'Those that have begun go on; each can be cancelled by itself.',
        tags,
        params: IdParams,
        body: strict({}, { title: 'Empty' }),
        response: { 200: Batch, ...Refusals },
      },
    },
    async (request) => emulator.cancelBatch(request.params.site, request.params.id),
  )
}

export const batches: Resource[] = [start, list, read, cancel]
