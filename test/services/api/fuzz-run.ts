/**
 * Every route, asked for what its description allows and for what it does not: no answer is a fault
 * of ours, none is missing, and afterwards the service works and its ledgers are clean.
 *
 * The seed is printed. UNDELIVERABLE_FUZZ_SEED sets it, and UNDELIVERABLE_FUZZ_REQUESTS how many.
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import { FLAWLESS } from '../../support/site.ts'
import { everyRoute } from './every-route.ts'
import { fuzzClient, HANG_MS, type Outcome } from './fuzz-client.ts'
import { anyRequest, type Document } from './fuzz-requests.ts'
import { lunch, type World } from './live-world.ts'
import { appOver } from './partial-emulator.ts'
import { ask } from './raw-client.ts'
import { SITES } from './schema-arbitrary.ts'

const seed = Number(process.env.UNDELIVERABLE_FUZZ_SEED ?? Date.now() % 2 ** 31)
/** Among so many, no route is left out by chance. */
const ENOUGH_FOR_EACH = 5_000

/** A queue is paused, or held; a limit is reached. Anything else of the kind is a fault. */
const EXPECTED = /"code":"(timeout|too-many-[a-z]+)"/

const post = (origin: string, path: string, body: object) => {
  const headers = { 'content-type': 'application/json' }
  return ask(origin, { method: 'POST', path, headers, body: JSON.stringify(body) })
}
const get = async (origin: string, path: string) => JSON.parse((await ask(origin, { path })).body)

async function makeSites(origin: string): Promise<void> {
  const aliases = ['anna', 'bob', 'carol', 'dave']
  const mailboxes = aliases.map((alias) => ({ alias, server: 'nyc' }))
  for (const name of SITES) {
    const answer = await post(origin, '/sites', { name, servers: ['nyc', 'lon'], mailboxes })
    expect(answer.status).toBe(201)
  }
}

/** The body of a test: so many requests, unless the environment wants others. */
export async function fuzz(world: World, usual: number): Promise<void> {
  const count = Number(process.env.UNDELIVERABLE_FUZZ_REQUESTS ?? usual)
  console.log(`UNDELIVERABLE_FUZZ_SEED=${seed} UNDELIVERABLE_FUZZ_REQUESTS=${count}`)
  const { origin } = world
  await makeSites(origin)
  const described = (await appOver({})).swagger() as unknown as Document
  const routes = await everyRoute()
  const requests = fc.sample(anyRequest(described, routes), { seed, numRuns: count })
  const outcomes = await fuzzClient(origin).sendAll(requests)

  expect(outcomes).toHaveLength(count)
  const faults = outcomes.filter(({ status, body }) => status >= 500 && !EXPECTED.test(body))
  expect(faults.map(inWords)).toEqual([])
  expect(outcomes.filter(({ ms }) => ms > HANG_MS).map(inWords)).toEqual([])
  // It was a fuzz, and not ten thousand times the same refusal.
  const taken = new Set(
    outcomes.filter(({ status }) => status < 300).map(({ request }) => routeOf(request)),
  )
  expect(taken.size).toBeGreaterThan(count >= ENOUGH_FOR_EACH ? 45 : 20)
  const asked = new Set(outcomes.map(({ request }) => routeOf(request)))
  const left = routes.filter(({ method, url }) => !asked.has(`${method} ${braced(url)}`))
  if (count >= ENOUGH_FOR_EACH) expect(left).toEqual([])

  await serviceIsAlive(world)
  await ledgersAreClean(origin)
}

const routeOf = ({ method, route }: Outcome['request']): string => `${method} ${route}`
const braced = (url: string): string => url.replace(/:(\w+)/g, '{$1}')
const inWords = ({ request, status, body, ms }: Outcome): string =>
  [status, `${Math.round(ms)} ms`, JSON.stringify(request), body].join(' ').slice(0, 2_000)

async function serviceIsAlive(world: World): Promise<void> {
  const { origin, site } = world
  for (const path of ['/healthz', '/readyz', '/queues', '/docs', '/metrics']) {
    expect((await ask(origin, { path })).status, path).toBe(200)
  }
  // Somebody may have paused this one's queues, too.
  expect((await ask(origin, { method: 'PUT', path: RESUME })).status).toBe(200)
  const accepted = await post(origin, `${site}/messages`, lunch)
  await world.settled(JSON.parse(accepted.body).id, 'dave')
}

const RESUME = '/queues/api/queues/resume'
const SOON = { timeout: 60_000 }

/** Whatever holds something back is let go; then time runs until nothing is left to do. */
async function ledgersAreClean(origin: string): Promise<void> {
  const { sites } = await get(origin, '/sites')
  expect(sites.length).toBeGreaterThan(0)
  await Promise.all(
    sites.map(async ({ name }: { name: string }) => {
      const site = `/sites/${name}`
      await post(origin, `${site}/resume`, {})
      for (const { id } of (await get(origin, `${site}/faults`)).faults) {
        await ask(origin, { method: 'DELETE', path: `${site}/faults/${id}` })
      }
      await post(origin, `${site}/clock`, { run: true })
      const idle = async () => {
        for (const { id, held } of (await get(origin, `${site}/moves`)).moves) {
          if (held) await post(origin, `${site}/moves/${id}/release`, {})
        }
        return JSON.parse((await post(origin, `${site}/clock`, { until: 'idle' })).body)
      }
      await expect.poll(async () => (await idle()).blockedBy, SOON).toEqual([])
      const audit = await get(origin, `${site}/audit?rest=30s`)
      expect(audit).toMatchObject({ atRest: true, ...FLAWLESS })
    }),
  )
}
