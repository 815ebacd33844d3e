/** One call that waits for rest with a deadline, with site time running or not, and then audits. */
import { expect, test } from 'vitest'
import { liveSites } from '../../support/site.ts'

const sites = liveSites()
const never = new AbortController().signal

/** One message that is deferred until its retry timer, ten minutes away. */
async function deferredOnce(): Promise<string> {
  const site = await sites.open()
  await sites.emulator.addFault(site, {
    match: { event: 'mail.offered', mailbox: 'dave' },
    when: { first: 1 },
    do: { defer: true },
  } as never)
  const { id } = await sites.send(site, 'dave')
  const wait = { until: 'deferred', timeoutMs: 20_000 }
  expect((await sites.emulator.recipient(site, id, 'dave', wait)).reached).toBe(true)
  return site
}

test('site time runs until nothing is left to do, and goes on as it was', async () => {
  const site = await deferredOnce()
  const { emulator } = sites
  await emulator.setClock(site, { scale: 2 })
  const before = Date.parse((await emulator.clock(site)).now)
  const { audit, blockedBy } = await emulator.rest(site, { withinMs: 20_000, advance: true }, never)
  expect(audit).toMatchObject({ atRest: true, delivered: 1, lost: [] })
  expect(blockedBy).toEqual([])
  const clock = await emulator.clock(site)
  expect(Date.parse(clock.now) - before).toBeGreaterThan(9 * 60_000)
  expect(clock.scale).toBe(2)
})

test('without it the deadline comes, and the ledger says what is pending', async () => {
  const site = await deferredOnce()
  const began = performance.now()
  const { audit, blockedBy } = await sites.emulator.rest(
    site,
    { withinMs: 300, advance: false },
    never,
  )
  expect(performance.now() - began).toBeGreaterThanOrEqual(300)
  expect(audit).toMatchObject({ atRest: false, pending: 1 })
  expect(blockedBy).toEqual([])
})

test('what no time will end is told at once', async () => {
  const site = await sites.open()
  const { emulator } = sites
  const move = await emulator.startMove(site, { mailbox: 'dave', to: 'nyc', holdAt: 'locked' })
  await sites.moveIn(site, move.id, { held: true })
  const { audit, blockedBy } = await emulator.rest(site, { withinMs: 60_000, advance: true }, never)
  expect(audit.atRest).toBe(false)
  expect(blockedBy).toEqual([{ kind: 'move', text: `the move ${move.id} of dave holds at locked` }])
})
