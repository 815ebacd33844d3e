/** Workers whose connections are half-open find that out by themselves, within half a minute. */
import { expect, test } from 'vitest'
import { linked } from '../../support/links.ts'
import { FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites({ workers: false })
const parts = linked(sites)

/** Silence is borne for 15 s, and a connection that nobody uses is asked every 5 s. */
const FOUND_WITHIN_MS = 45_000

test('mail that came meanwhile arrives once', { timeout: 2 * FOUND_WITHIN_MS }, async () => {
  const site = await sites.open({ profile: 'modern' })
  const sent = Array.from({ length: 20 }, () => sites.send(site, ['bob', 'dave']))
  await sent[0]
  parts.workers.poison({ kind: 'halfOpen' })
  await Promise.all(sent)
  const wait = { until: 'settled', timeoutMs: FOUND_WITHIN_MS } as const
  const { id } = await sites.send(site, 'bob')
  expect(parts.workers.hits('halfOpen')).toBeGreaterThan(0)
  expect(await sites.emulator.recipient(site, id, 'bob', wait)).toMatchObject({ reached: true })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 41, delivered: 41 })
})
