/** The largest message that is accepted: 10,000 recipients, in chunks. */
import { expect, test } from 'vitest'
import { FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites()
const LONG_MS = 120_000

test('10,000 recipients are reached once each', { timeout: LONG_MS }, async () => {
  const aliases = Array.from({ length: 10_000 }, (_, i) => `user-${i}`)
  const site = await sites.open({
    mailboxes: aliases.map((alias, i) => ({ alias, server: i % 2 === 0 ? 'nyc' : 'lon' })),
  })
  await sites.send(site, aliases)
  const pending = sites.key(site, 'pending')
  await expect.poll(() => sites.client.scard(pending), { timeout: LONG_MS, interval: 100 }).toBe(0)
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, accepted: 10_000, delivered: 10_000 })
})
