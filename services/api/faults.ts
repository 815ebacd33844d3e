/**
 * `/sites/:site/faults`: rules that make something go wrong, each with a count of its hits.
 */

import { Type } from 'typebox'
import { Fault, faultOf, NewFault } from './fault-schema.ts'
import type { Resource } from './resource.ts'
import { IdParams, Nothing, Refusals, SiteParams } from './schema.ts'

const tags = ['faults']

const add: Resource = (app, { emulator, quotas }) => {
  app.post(
    '/sites/:site/faults',
    {
      schema: {
        summary: 'Add a fault rule',
        description: 'Match × when × do. Hits are counted once an event, also when it runs again.',
        tags,
        params: SiteParams,
        body: NewFault,
        response: { 201: Fault, ...Refusals },
      },
    },
    async (request, reply) => {
      const { site } = request.params
      const rule = faultOf(request.body)
      const fault = await quotas.fault(site, () => emulator.addFault(site, rule))
      const location = `/sites/${site}/faults/${encodeURIComponent(fault.id)}`
      return reply.code(201).header('location', location).send(fault)
    },
  )
}

const list: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/faults',
    {
      schema: {
        summary: 'All fault rules of a site, with their hits',
        tags,
        params: SiteParams,
        response: { 200: Type.Object({ faults: Type.Array(Fault) }), ...Refusals },
      },
    },
    async (request) => ({ faults: await emulator.faults(request.params.site) }),
  )
}

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/faults/:id',
    {
      schema: {
        summary: 'One fault rule',
        tags,
        params: IdParams,
        response: { 200: Fault, ...Refusals },
      },
    },
    async (request) => emulator.fault(request.params.site, request.params.id),
  )
}

const remove: Resource = (app, { emulator }) => {
  app.delete(
    '/sites/:site/faults/:id',
    {
      schema: {
        summary: 'Remove a fault rule, and release what it holds',
        tags,
        params: IdParams,
        response: { 204: Nothing, ...Refusals },
      },
    },
    async (request, reply) => {
      await emulator.deleteFault(request.params.site, request.params.id)
      return reply.code(204).send(null)
    },
  )
}

export const faults: Resource[] = [add, list, read, remove]
