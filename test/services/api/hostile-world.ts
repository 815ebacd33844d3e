/**
 * What the tests of hostile clients share: a way to send, and what is asked of the service when all
 * of them have had their turn.
 */
import { afterAll, expect } from 'vitest'
import { FLAWLESS } from '../../support/site.ts'
import { lunch, type World } from './live-world.ts'
import { type Answered, ask } from './raw-client.ts'

export const codeOf = ({ body }: Answered): unknown => JSON.parse(body).code

/** After the file each site that a test had still delivers, and no ledger misses anything. */
export function hostile(world: World) {
  const send = (path: string, body: unknown, headers = {}): Promise<Answered> =>
    ask(world.origin, {
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  afterAll(async () => {
    const { sites } = JSON.parse((await ask(world.origin, { path: '/sites' })).body)
    expect(sites.length).toBeGreaterThan(0)
    await Promise.all(
      sites.map(async ({ name }: { name: string }) => {
        expect((await send(`/sites/${name}/messages`, lunch)).status).toBe(202)
        const audit = await ask(world.origin, { path: `/sites/${name}/audit?rest=30s` })
        expect(JSON.parse(audit.body)).toMatchObject({ atRest: true, ...FLAWLESS })
      }),
    )
  }, 60_000)

  return { send }
}
