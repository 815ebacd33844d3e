/** A transfer that comes late, after a smaller repetition of it, is one that the machines allow. */
import { expect, test } from 'vitest'
import { conform } from '../../../services/check/conform/conform.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'
import { ALL } from './conform-site.ts'

const sites = liveSites()
/** A transfer that has no answer is repeated after half a minute, and then again. */
const ONE_REPETITION_MS = 31_000

test('one of two is transferred again before both are, and then both', async () => {
  const mailboxes = [
    { alias: 'bob', server: 'lon' },
    { alias: 'anna', server: 'lon', alternateRecipient: 'bob', deliverToBoth: true },
    { alias: 'carol', server: 'nyc' },
  ]
  const site = await sites.open({ profile: 'exchange-5.5-sp3', mailboxes })
  await sites.emulator.setClock(site, { stop: true })
  const match = { event: 'copy.transferred', recipient: 'anna' }
  const hold = (nth: number) =>
    sites.emulator.addFault(site, { match, when: { nth }, do: { hold: true } })
  const rules = [await hold(1), await hold(2)] as const
  const holding = async () => {
    const views = await Promise.all(rules.map(({ id }) => sites.emulator.fault(site, id)))
    return views.map((view) => view.holding.length)
  }
  const { id } = await sites.send(site, 'anna')
  await expect.poll(holding, soon).toEqual([1, 0])
  await sites.emulator.advance(site, { ms: ONE_REPETITION_MS })
  await expect.poll(holding, soon).toEqual([1, 1])
  const outcomes = async () =>
    (await sites.emulator.message(site, id)).recipients.map(({ outcome }) => outcome).sort()
  await expect.poll(outcomes, soon).toEqual(['delivered', 'pending'])
  for (const rule of rules) await sites.emulator.deleteFault(site, rule.id)
  await sites.emulator.advance(site, { until: 'idle' })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
  const bundle = await sites.emulator.bundle(site, ALL)
  const transfers = bundle.journal.steps.filter(({ y }) => y === 'copy.transferred')
  const made = transfers.map(({ c }) => c.filter((words) => words.includes(': queued')).length)
  expect(made).toEqual([1, 1, 0])
  expect(conform(bundle).failure).toBeNull()
})
