/**
 * `/healthz` and `/readyz`: for whoever starts and watches this process.
 *
 * Healthy means that the process answers. Ready means that it can do its work; the question has a
 * limit of its own, since a command to a Redis that is away waits for it to come back.
 */

import { Type } from 'typebox'
import { DURABILITIES } from '../redis/durability.ts'
import type { Readiness } from '../runtime/readiness.ts'
import { READY_MS_MAX } from './limits.ts'
import type { Resource } from './resource.ts'
import { oneOf } from './schema.ts'

const Ready = Type.Object(
  {
    ready: Type.Boolean(),
    checks: Type.Record(Type.String(), Type.String(), {
      description: '`ok`, or what is wrong: redis, durability, and each role of the workers.',
    }),
    durability: Type.Optional(
      Type.Object(
        {
          mode: oneOf([...DURABILITIES]),
          promise: Type.String({ description: 'What 202 means on this Redis.' }),
          waitsFor: Type.Array(Type.String(), {
            description: 'Whose word is waited for before 202, beside that of Redis itself.',
          }),
          unknown: Type.Array(Type.String(), { description: 'What the server does not tell.' }),
        },
        { description: 'Absent while Redis does not answer.' },
      ),
    ),
  },
  { title: 'Ready' },
)

const tags = ['service']

const healthy: Resource = (app) => {
  app.get(
    '/healthz',
    {
      schema: {
        summary: 'Does the process answer?',
        tags,
        response: { 200: Type.Object({ status: Type.Literal('ok') }) },
      },
    },
    async () => ({ status: 'ok' as const }),
  )
}

const ready: Resource = (app, { emulator }) => {
  app.get(
    '/readyz',
    {
      schema: {
        summary: 'Can it do its work?',
        tags,
        response: { 200: Ready, 503: Ready },
      },
    },
    async (_request, reply) => {
      const readiness = await Promise.race([emulator.ready(), tooLate(READY_MS_MAX)])
      return reply.code(readiness.ready ? 200 : 503).send(readiness)
    },
  )
}

export const probes: Resource[] = [healthy, ready]

function tooLate(ms: number): Promise<Readiness> {
  return new Promise((resolve) => {
    const answer = { ready: false, checks: { redis: `no answer within ${ms} ms` } }
    setTimeout(() => resolve(answer), ms).unref()
  })
}
