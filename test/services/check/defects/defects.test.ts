/**
 * The verdict of the search on each defect, with it and without it; and the page that tells of
 * them, `machines/defects.md`, which `npx vitest run test/services/check/defects -u` writes anew.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFECTS } from '../../../../machines/defects.ts'
import { type Checked, check } from '../../../../services/check/explore/check.ts'
import { allScenarios } from '../../../../services/scenario/programme.ts'
import { broken, planFor } from '../verdict.ts'
import { page, type Row } from './page.ts'
import { boundsOf, SHOWN, type Shown } from './shown.ts'

const MEMORY_MB = 500
const PAGE = new URL('../../../../machines/defects.md', import.meta.url)

const TESTS = join(import.meta.dirname, '../../..')

const scenarios = await allScenarios()
const rows: Row[] = []

async function searched(shown: Shown, profile: string): Promise<Checked> {
  const plan = await planFor(shown.scenario, profile)
  return check(plan, { bounds: boundsOf(shown), memoryMb: MEMORY_MB })
}

describe('by the search', () => {
  test.each(SHOWN)('$defect, $scenario', async (shown) => {
    const fixed = await searched(shown, shown.fixed)
    const defective = await searched(shown, shown.broken)
    expect(fixed.ended).toBeNull()
    expect(defective.ended).toBeNull()
    expect(broken(fixed)).toEqual([])
    expect(broken(defective)).toEqual(shown.breaks)
    for (const { entry, fixed: without, broken: having } of shown.ends) {
      expect(fixed.outcomes[entry], `${entry}, without`).toEqual(without)
      expect(defective.outcomes[entry], `${entry}, with it`).toEqual(having)
    }
    rows.push({ shown, fixed, defective })
  })

  test('the page is up to date', async () => {
    expect(rows).toHaveLength(SHOWN.length)
    await expect(page(rows)).toMatchFileSnapshot(PAGE.pathname)
  })
})

test('each defect is shown', () => {
  const shown = [...new Set(SHOWN.map(({ defect }) => defect))]
  expect(shown).toEqual(Object.keys(DEFECTS))
})

test.each(SHOWN)('$defect makes a difference in $scenario', ({ breaks, ends }) => {
  const differs = ends.some(({ fixed, broken: having }) => fixed.join() !== having.join())
  expect(breaks.length > 0 || differs).toBe(true)
})

test.each(SHOWN)('$defect is played live in $scenario, with it and without', (shown) => {
  const { scenario, also = [], live, fixed, broken: having } = shown
  if (live) return expect(existsSync(join(TESTS, live))).toBe(true)
  const profiles = scenarios.find(({ name }) => name === scenario)?.profiles
  expect(profiles).toEqual(expect.arrayContaining([fixed, having]))
  expect(scenarios.map(({ name }) => name)).toEqual(expect.arrayContaining(also))
})
