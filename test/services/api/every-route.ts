/** Every route that the app has, those of the queue UI and the docs included. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { appOver } from './partial-emulator.ts'

/** On which Fastify tells of each app as it is made. */
const STARTED = 'fastify.initialization'

export interface AppRoute {
  method: string
  url: string
  schema: FastifySchema
}

export async function everyRoute(): Promise<AppRoute[]> {
  const found: AppRoute[] = []
  const listener = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRoute', ({ method, url, schema = {} }) => {
      for (const each of [method].flat()) found.push({ method: each, url, schema })
    })
  }
  subscribe(STARTED, listener)
  await appOver({})
  unsubscribe(STARTED, listener)
  return found
}
