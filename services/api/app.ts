/**
 * The HTTP API, assembled: a Fastify app that does not listen.
 *
 * Owns: the server's options, what is done to every request and answer, and the order of assembly.
 * Whoever builds it listens and closes it; closing ends every stream and wait, and the app's own
 * Redis client. The emulator and the connection stay with the caller.
 *
 * Rules: every answer can be traced (`X-Request-Id`) and none is cached; a body is JSON, a whole
 * message, or nothing (the form of the login page apart); a request that is late is ended.
 */

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { uuidv7 } from 'uuidv7'
import type { Connection } from '../redis/connect.ts'
import type { Emulator } from '../runtime/emulator.ts'
import type { Token } from '../tokens.ts'
import { callerIn } from '../trace-context.ts'
import { audit } from './audit.ts'
import { batches } from './batches.ts'
import { bundle } from './bundle.ts'
import { clock } from './clock.ts'
import { debug } from './debug.ts'
import { events } from './events.ts'
import { faults } from './faults.ts'
import { gate } from './gate.ts'
import { items } from './items.ts'
import { takeJson } from './json.ts'
import {
  BODY_BYTES_MAX,
  HEADER_BYTES_MAX,
  LATE_CONNECTIONS_MS,
  LIMITS,
  type Limits,
  PATH_SEGMENT_CHARACTERS_MAX,
} from './limits.ts'
import { lists } from './lists.ts'
import { login } from './login.ts'
import { mailboxes } from './mailboxes.ts'
import { chosen } from './mailpit/choice.ts'
import { mailpit } from './mailpit.ts'
import { messages } from './messages.ts'
import { metrics } from './metrics.ts'
import { moves } from './moves.ts'
import { openApi } from './openapi.ts'
import { DATA_POLICY, pages } from './pages.ts'
import { probes } from './probes.ts'
import { answerNonsense, answerUnroutable, handleProblems, loggedError } from './problems.ts'
import { openQueues } from './queue-set.ts'
import { queueBoard } from './queues.ts'
import { quotasOf } from './quotas.ts'
import type { Api, Resource } from './resource.ts'
import { buildSerializer } from './serialization.ts'
import { servers } from './servers.ts'
import { sites } from './sites.ts'
import { tracking } from './tracking.ts'
import { upgrades } from './upgrades.ts'
import { validatorCompiler } from './validation.ts'

export interface AppOptions {
  emulator: Emulator
  connection: Connection
  /** Where clients reach it, without a slash at the end; put before the `type` of problems. */
  publicUrl?: string
  /** A level of pino's, or a logger. */
  log?: string | FastifyBaseLogger
  /** Where the lines of that level go; to stdout, unless it is said. */
  logTo?: { write(line: string): void }
  /** Who may do what; without any, everybody on this machine may do everything. */
  tokens?: readonly Token[]
  /** Lower ones than limits.ts has, for a test. */
  limits?: Partial<Limits>
}

const RESOURCES: Resource[][] = [
  sites,
  mailboxes,
  lists,
  items,
  mailpit,
  messages,
  moves,
  batches,
  faults,
  servers,
  audit,
  bundle,
  tracking,
  events,
  clock,
  debug,
  probes,
]

const REQUEST_ID = /^[\w.:-]{1,128}$/

export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { emulator, connection, publicUrl = '', tokens = [] } = options
  const limits = { ...LIMITS, ...options.limits }
  const app = newServer(publicUrl, options, limits)
  const closing = new AbortController()
  const queues = openQueues(emulator, connection, app.log)
  app.addHook('preClose', async () => closing.abort())
  app.addHook('onClose', async () => queues.close())
  everyRequest(app)
  handleProblems(app, publicUrl)
  // Before the gate, which may refuse one.
  await upgrades(app)
  await gate(app, { tokens, limits, publicUrl })
  openApi(app)
  // Behind what listens to new routes: plugins are loaded in the order in which they are added.
  app.register(async (scope: Api) => {
    const context = { emulator, quotas: quotasOf(emulator, limits), closing: closing.signal }
    for (const resource of RESOURCES.flat()) resource(scope, context)
    pages(scope, publicUrl)
    login(scope, tokens)
  })
  metrics(app, emulator, queues)
  queueBoard(app, queues)
  await app.ready()
  return app
}

/** Unlike any other process's, and cheap: a request's id is for finding it in the log. */
function requestIds(): () => string {
  const process = uuidv7()
  let count = 0
  return () => `${process}-${++count}`
}

function newServer(
  publicUrl: string,
  { log = 'warn', logTo }: Pick<AppOptions, 'log' | 'logTo'>,
  limits: Limits,
): Api {
  const nextId = requestIds()
  const serializers = { err: loggedError }
  const app = Fastify({
    ...(typeof log === 'string'
      ? { logger: { level: log, serializers, ...(logTo ? { stream: logTo } : {}) } }
      : { loggerInstance: log }),
    bodyLimit: BODY_BYTES_MAX,
    // One line a request, at `debug`, is written by ourselves.
    logController: new LogController({ disableRequestLogging: true }),
    // An event stream never ends by itself.
    forceCloseConnections: true,
    frameworkErrors: answerUnroutable(publicUrl),
    clientErrorHandler: answerNonsense(publicUrl),
    requestTimeout: limits.requestMs,
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: Math.min(limits.headersMs, limits.requestMs),
      connectionsCheckingInterval: Math.min(LATE_CONNECTIONS_MS, limits.headersMs),
    },
    rewriteUrl: ({ url = '/', headers }) => chosen(url, headers.host ?? ''),
    genReqId: (request) => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : nextId()
    },
    // Every line about a request has the trace that it belongs to.
    childLoggerFactory(logger, bindings, options, { headers }) {
      const caller = callerIn(headers.traceparent, headers.tracestate)
      return logger.child(caller ? { ...bindings, ...caller } : bindings, options)
    },
    routerOptions: { maxParamLength: PATH_SEGMENT_CHARACTERS_MAX },
    // Given here, Fastify loads none of its own. (Its type knows of one validator only.)
    schemaController: {
      compilersFactory: { buildValidator: () => validatorCompiler as never, buildSerializer },
    },
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.server.maxConnections = limits.connections
  return app
}

function everyRequest(app: Api): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    reply.header('cache-control', 'no-store')
    reply.header('x-content-type-options', 'nosniff')
    reply.header('content-security-policy', DATA_POLICY)
    reply.header('x-frame-options', 'DENY')
    reply.header('referrer-policy', 'same-origin')
    reply.header('cross-origin-resource-policy', 'same-origin')
  })
  app.addHook('preValidation', async (request) => {
    // No body is an empty one: then the complaint names what is missing, or nothing is.
    if (request.body === undefined && request.routeOptions.schema?.body) request.body = {}
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, url } = request
    const { statusCode, elapsedTime } = reply
    request.log.debug({ method, url, statusCode, elapsedMs: elapsedTime }, 'answered')
  })
  app.removeAllContentTypeParsers()
  takeJson(app)
}
