/**
 * For tests of shapes: the port with only the calls that a test names, and no Redis behind the app.
 *
 * What is not named throws when it is called, so a test cannot lean on it unawares. How the
 * emulator behaves is tested against the real one.
 */

import { afterEach } from 'vitest'
import { type AppOptions, buildApp } from '../../../services/api/app.ts'
import type { Api } from '../../../services/api/resource.ts'
import type { Connection } from '../../../services/redis/connect.ts'
import type { Emulator } from '../../../services/runtime/emulator.ts'
import type { Enveloped } from '../../../services/runtime/views-of-mail.ts'

const open: { close(): Promise<unknown> }[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()))
})

function partialEmulator(calls: Partial<Emulator>): Emulator {
  return new Proxy(calls, {
    get(target, name) {
      const call = Reflect.get(target, name)
      if (call) return call
      return () => {
        throw new Error(`the test did not expect a call of ${String(name)}`)
      }
    },
  }) as Emulator
}

const noRedis = {
  namespace: 'none',
  client() {
    throw new Error('the test did not expect a use of Redis')
  },
} as unknown as Connection

/** What a test sets beside the emulator: tokens, limits, a log. */
type More = Partial<AppOptions>

/** The real app over the calls given; closed after the test. */
export async function appOver(
  calls: Partial<Emulator>,
  connection = noRedis,
  more: More = {},
): Promise<Api> {
  const app = await lastingApp(calls, connection, more)
  open.push(app)
  return app
}

/** The same for many tests: whoever opens it closes it. The calls may be changed between them. */
export async function lastingApp(
  calls: Partial<Emulator>,
  connection = noRedis,
  more: More = {},
): Promise<Api> {
  const app = await buildApp({
    emulator: partialEmulator(calls),
    connection,
    publicUrl: 'http://undeliverable.example',
    log: 'silent',
    ...more,
  })
  return app as Api
}

/** The same, over real connections: the URL of a free port of the loopback. */
export async function listeningOver(calls: Partial<Emulator>, more: More = {}): Promise<string> {
  return listen(await appOver(calls, noRedis, more))
}

/** Listens on a free port of the loopback; its URL. */
export async function listen(app: Api): Promise<string> {
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** What is submitted, once all that comes in with it was read, as the emulator does. */
export async function submittedIn(
  ...[, submission, , incoming]: Parameters<Emulator['accept']>
): Promise<Enveloped> {
  const contents = !incoming ? [] : 'texts' in incoming ? incoming.texts : [incoming]
  for await (const { pieces } of contents) for await (const _ of pieces);
  return typeof submission === 'function' ? submission() : submission
}
