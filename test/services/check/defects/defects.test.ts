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
import { FOLLOWED, type Followed, PLAYED } from './followed.ts'
import { page, type Row } from './page.ts'
import { boundsOf, SHOWN, type Shown } from './shown.ts'

const MEMORY_MB = 500
const PAGE = new URL('../../../../machines/defects.md', import.meta.url)

const TESTS = join(import.meta.dirname, '../../..')

const scenarios = await allScenarios()
const rows: Row[] = []
const followed: Row<Followed>[] = []

async function searched(shown: Shown, profile: string): Promise<Checked> {
  const plan = await planFor(shown.scenario, profile)
  return check(plan, { bounds: boundsOf(shown), memoryMb: MEMORY_MB })
}

/** With the defect and without; it is an error if what is found is not what is said of it. */
async function verdict<S extends Shown>(shown: S): Promise<Row<S>> {
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
  return { shown, fixed, defective }
}

describe('by the search', () => {
  test.each(SHOWN)('$defect, $scenario', async (shown) => {
    rows.push(await verdict(shown))
  })

  test.each(FOLLOWED)('$defect, $advice', async (one) => {
    followed.push(await verdict(one))
  })

  test('the page is up to date', async () => {
    expect(rows).toHaveLength(SHOWN.length)
    expect(followed).toHaveLength(FOLLOWED.length)
    await expect(page(rows, followed)).toMatchFileSnapshot(PAGE.pathname)
  })
})

const defects = Object.values(DEFECTS)

test('each defect is shown', () => {
  const shown = [...new Set(SHOWN.map(({ defect }) => defect))]
  expect(shown).toEqual(defects.flatMap(({ id, follows }) => (follows ? [] : [id])))
})

test('each workaround is followed, and no other', () => {
  const advised = defects.flatMap(({ id, workaround }) => (workaround ? [id] : []))
  const taken = new Set([...FOLLOWED, ...PLAYED].map(({ defect }) => defect))
  expect([...taken].sort()).toEqual(advised.sort())
})

test('what is a switch beside a defect is followed', () => {
  for (const { id, follows } of defects.filter((one) => one.follows)) {
    const own = FOLLOWED.filter(({ defect }) => defect === follows)
    expect(own.map((one) => one.broken)).toContainEqual(expect.stringContaining(`+${id}`))
  }
})

test.each(SHOWN)('$defect makes a difference in $scenario', ({ breaks, ends }) => {
  const differs = ends.some(({ fixed, broken: having }) => fixed.join() !== having.join())
  expect(breaks.length > 0 || differs).toBe(true)
})

const profilesOf = (scenario: string) => scenarios.find(({ name }) => name === scenario)?.profiles

test.each(SHOWN)('$defect is played live in $scenario, with it and without', (shown) => {
  const { scenario, live, fixed, broken: having } = shown
  if (live) return expect(existsSync(join(TESTS, live))).toBe(true)
  expect(profilesOf(scenario)).toEqual(expect.arrayContaining([fixed, having]))
})

test.each(FOLLOWED)('$defect is played live in $scenario', ({ scenario, broken: having }) => {
  expect(profilesOf(scenario)).toContain(having)
})

test.each(PLAYED)('$defect is played live, $advice', ({ live }) => {
  expect(existsSync(join(TESTS, live))).toBe(true)
})
