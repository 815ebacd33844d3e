/**
 * `/sites/:site/servers/:server/restart`: the advice of the articles, as a call.
 */

import type { Resource } from './resource.ts'
import { Nothing, oneOf, Refusals, ServerParams, strict } from './schema.ts'

const restart: Resource = (app, { emulator }) => {
  app.post(
    '/sites/:site/servers/:server/restart',
    {
      schema: {
        summary: 'Restart a service of a server',
        description: 'Restarting an MTA empties its directory cache; mail on its way is kept.',
        tags: ['servers'],
        params: ServerParams,
        body: strict({ service: oneOf(['mta']) }, { title: 'Restart' }),
        response: { 204: Nothing, ...Refusals },
      },
    },
    async (request, reply) => {
      const { site, server } = request.params
      await emulator.restartServer(site, server, request.body.service)
      return reply.code(204).send(null)
    },
  )
}

export const servers: Resource[] = [restart]
