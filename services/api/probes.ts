/**
 * `/healthz` and `/readyz`: for whoever starts and watches this process.
 *
 * Healthy means that the process answers. Ready means that it can do its work; the question has a
 * limit of its own, since a command to a Redis that is away waits for it to come back.
 */

import { Type } from 'typebox'
import { READY_MS_MAX } from './limits.ts'
import type { Resource } from './resource.ts'

const Ready = Type.Object(
  { ready: Type.Boolean(), checks: Type.Record(Type.String(), Type.String()) },
  { title: 'Ready' },
)

type Readiness = { ready: boolean; checks: Record<string, string> }

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
