/**
 * A defect of one's own: the search finds what it breaks, the live service with the same file
 * agrees, and one without it does nothing rather than something else.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { MissingDefect } from '../../machines/defects.ts'
import { DEFAULT_BOUNDS } from '../../services/check/explore/bounds.ts'
import { check } from '../../services/check/explore/check.ts'
import { replay } from '../../services/check/replay/play.ts'
import { openService, type Service } from '../../services/check/replay/system.ts'
import type { Schedule } from '../../services/check/schedule.ts'
import { openClient } from '../../services/client/client.ts'
import { startLab } from '../../services/kit/lab.ts'
import { ownOf, switchedOn } from '../../services/own/own.ts'
import { clientAt } from '../../services/scenario/client.ts'
import { planFor } from '../services/check/found.ts'

const FILE = join(import.meta.dirname, 'hasty-store.mjs')
const SP4 = 'exchange-5.5-sp4'

let service: Service

beforeAll(async () => {
  service = await openService(['--defect', FILE])
})
afterAll(async () => {
  // What was admitted is for this file only.
  vi.resetModules()
  await service.close()
})

async function searched(profile: string) {
  const bounds = { ...DEFAULT_BOUNDS, crashes: 0, retries: 0 }
  return check(await planFor('q248839', [], profile), { bounds, memoryMb: 500 })
}

test('the search finds what it breaks, and the live service loses the same', async () => {
  const own = await ownOf(['q248839', `--defect=${FILE}`])
  expect(own).toEqual({
    args: ['q248839'],
    defects: ['hasty-store'],
    flags: ['--defect', FILE],
  })
  const [profile = ''] = switchedOn(own, [SP4])
  expect(profile).toBe(`${SP4}+hasty-store`)

  const broken = await searched(profile)
  expect(broken.states).toBe(1_040)
  expect(broken.violations.map(({ invariant, entry }) => `${invariant} ${entry}`)).toEqual([
    'I2 letter anna own',
  ])
  const { schedule } = broken.violations[0] as { schedule: Schedule }
  const result = await replay(clientAt(service.url), schedule, { service })
  expect(result.differs).toBeNull()
  expect(result.entries).toContainEqual({
    entry: 'letter anna own',
    expected: 'lost',
    got: 'lost',
    same: true,
  })

  expect((await searched(SP4)).violations).toEqual([])
})

test('a site of the live service may have it, and loses mail by it', async () => {
  const client = openClient(service.url)
  const mailboxes = [{ alias: 'ann', server: 'a' }]
  const site = await client.sites.create({
    name: 'hasty',
    profile: 'modern+hasty-store',
    servers: ['a', 'b'],
    mailboxes,
  })
  expect((await site.get()).defects).toEqual(['hasty-store'])
  const move = await site.moves.start({ mailbox: 'ann', to: 'b', holdAt: 'locked' })
  await site.moves.until(move.id, { held: true })
  const letter = await site.send({ from: 'ann', to: ['ann'] })
  await letter.to('ann').until('delivered')
  await site.moves.release(move.id)
  const { audit } = await site.rest()
  expect(audit.lost.map(({ address }) => address)).toEqual(['ann'])
})

test('a lab has it too', async () => {
  const lab = await startLab({ profile: 'modern+hasty-store', defects: [FILE] })
  expect((await lab.get()).defects).toEqual(['hasty-store'])
  await lab.close()
})

test('a policy, and a profile that names it', async () => {
  const [policy, profile] = ['patient-store.mjs', 'slow-site.yaml'].map((name) =>
    join(import.meta.dirname, name),
  ) as [string, string]
  const own = await ownOf(['--profile', profile, '--defect', policy])
  expect(own.args).toEqual(['--profile', 'slow-site'])
  expect(switchedOn(own, ['slow-site'])).toEqual(['slow-site'])
  const found = await searched('slow-site')
  expect(found).toMatchObject({ profile: 'slow-site', states: 2_757, violations: [] })
})

test('machines are never made without a defect that the profile has', async () => {
  const plan = await planFor('q248839', [], SP4)
  const profile = { ...plan.site.profile, defects: ['of-somebody-else'] }
  const site = { ...plan.site, profile }
  const search = check({ ...plan, site }, { bounds: DEFAULT_BOUNDS, memoryMb: 500 })
  await expect(search).rejects.toThrow(MissingDefect)
  await expect(search).rejects.toThrow('the defect "of-somebody-else" is not known here')
})
