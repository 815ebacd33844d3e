/**
 * What a resource of the API is given, and how it waits for something on behalf of a client.
 *
 * Rules: a resource checks shapes, calls the emulator and renders the answer; it has no rule of
 * delivery and keeps no state. Whoever waits for long passes a signal that ends with the client's
 * connection or with the service, whichever is first.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, RawServerDefault } from 'fastify'
import type { ProblemCode } from '../errors.ts'
import type { Emulator } from '../runtime/emulator.ts'
import { callerOf } from '../trace-context.ts'
import type { Quotas } from './quotas.ts'

/** The Fastify instance with its types derived from TypeBox schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface Context {
  emulator: Emulator
  quotas: Quotas
  /** Aborted as soon as the service begins to stop. */
  closing: AbortSignal
}

/** One call of a resource: adds its route. */
export type Resource = (app: Api, context: Context) => void

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The code for a body over the limit of the route, where `body-too-large` is too vague. */
    tooLarge?: ProblemCode
  }
}

/** The calls of the emulator, with the trace context of the request where it has one. */
export function askedBy(request: { headers: object }, emulator: Emulator): Emulator {
  const { caller } = callerOf(request)
  return caller ? emulator.onBehalfOf(caller) : emulator
}

/** Ends when the client hangs up, when the answer is complete, or when the service stops. */
export function signalOf(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const hungUp = new AbortController()
  // Not `request.signal`: the request closes as soon as its body was read.
  reply.raw.once('close', () => hungUp.abort())
  if (reply.raw.destroyed) hungUp.abort()
  return AbortSignal.any([hungUp.signal, closing])
}
