/**
 * The table of Mailpit's calls in services/README.md: what it says is served is, below a mailbox
 * and below a site; nothing else is; and what it says is not served is not found.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { everyRoute } from './every-route.ts'
import { appOver } from './partial-emulator.ts'

const page = readFileSync(new URL('../../../services/README.md', import.meta.url), 'utf8')

/** The calls of the table with this head, as `GET /api/v1/info`. */
function table(head: string): string[] {
  const rows =
    new RegExp(`^\\| ${head} \\|.*\\n\\|-.*\\n((?:\\|.*\\n)+)`, 'm').exec(page)?.[1] ?? ''
  return [...rows.matchAll(/^\| `([A-Z]+ [^`]+)`/gm)].map(([, call]) => call as string)
}

const SITE = '/sites/:site'

test.each([SITE, `${SITE}/mailboxes/:alias`])('below %s', async (prefix) => {
  const routes = (await everyRoute())
    .filter(({ method, url }) => method !== 'HEAD' && url.startsWith(prefix))
    .map(({ method, url }) => `${method} ${url.slice(prefix.length)}`)
    .filter((call) => / \/(?:api|view)\//.test(call))
  const served = table('served')
  expect(served.length).toBeGreaterThan(15)
  expect(routes.sort()).toEqual(served.sort())
})

test('what is not served is not found', async () => {
  const app = await appOver({})
  const calls = table('not served')
  expect(calls.length).toBeGreaterThan(5)
  for (const call of calls) {
    const [method, path = ''] = call.split(' ') as ['GET' | 'PUT' | 'POST', string]
    const url = `/sites/demo/mailboxes/anna${path.replace(/:\w+/g, '1')}`
    const { statusCode } = await app.inject({ method, url })
    expect([call, statusCode]).toEqual([call, 404])
  }
})
