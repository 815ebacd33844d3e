/**
 * The simulator: the same seed is the same run, faults do happen, the defect is found and shrunk,
 * and without it nothing is lost.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { planOf } from '../../../services/check/plan.ts'
import type { Schedule } from '../../../services/check/schedule.ts'
import { Agenda } from '../../../services/check/simulate/agenda.ts'
import { bigCourse, type Size } from '../../../services/check/simulate/big.ts'
import { FAULT_KINDS, RATES, type Rates } from '../../../services/check/simulate/faults.ts'
import { readOptions } from '../../../services/check/simulate/options.ts'
import { Random } from '../../../services/check/simulate/random.ts'
import { run } from '../../../services/check/simulate/run.ts'
import { courseOf } from '../../../services/check/simulate/scenario.ts'
import { simulate } from '../../../services/check/simulate/series.ts'
import { loadScenario } from '../../../services/scenario/load.ts'
import { startProgram } from '../../support/program.ts'

const SP3 = 'exchange-5.5-sp3'
const SP4 = 'exchange-5.5-sp4'

/** A site on which much of it meets. */
const SMALL: Size = { servers: 3, mailboxes: 40, moves: 40, messages: 200 }

describe('chance', () => {
  test('is the same for the same seed and subject, and another for another', () => {
    const draws = (seed: number, what: number, nth: number) => {
      const random = new Random().begin(seed, what, nth)
      return Array.from({ length: 4 }, () => random.unit())
    }
    expect(draws(1, 2, 3)).toEqual(draws(1, 2, 3))
    const all = [draws(1, 2, 3), draws(2, 2, 3), draws(1, 3, 3), draws(1, 2, 4)]
    expect(new Set(all.flat()).size).toBe(16)
  })

  test('is even', () => {
    const random = new Random(7)
    const tenths = new Array<number>(10).fill(0)
    for (let i = 0; i < 10_000; i++) {
      const tenth = random.between(0, 10)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150)
  })
})

test('an agenda gives what comes first, and of one instant what was added first', () => {
  const agenda = new Agenda<number>()
  const random = new Random(1)
  const all = Array.from({ length: 500 }, (_, name) => ({ at: random.between(0, 50), name }))
  for (const { at, name } of all) agenda.add(at, name)
  const taken = Array.from({ length: 500 }, () => agenda.take()?.what)
  expect(taken).toEqual(all.sort((a, b) => a.at - b.at || a.name - b.name).map(({ name }) => name))
  expect(agenda.take()).toBeUndefined()
  expect(agenda.size).toBe(0)
})

describe('a run', () => {
  test('is the same again, to the byte, and another under another seed', () => {
    const first = run(bigCourse(1, SP4, SMALL))
    expect(run(bigCourse(1, SP4, SMALL))).toMatchObject({
      journal: first.journal,
      events: first.events,
      hits: first.hits,
    })
    expect(run(bigCourse(2, SP4, SMALL)).journal).not.toBe(first.journal)
  })

  test('meets every kind of fault, and none when none is drawn', () => {
    const often = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 4 * RATES[kind]])) as Rates
    const { hits } = run({ ...bigCourse(1, SP4, SMALL), faults: often })
    for (const kind of FAULT_KINDS) {
      expect(hits.filter((hit) => hit.kind === kind).length, kind).toBeGreaterThan(0)
    }
    expect(run({ ...bigCourse(1, SP4, SMALL), faults: new Map() }).hits).toEqual([])
  })

  test('is the same when exactly the faults that happened are given', () => {
    const course = bigCourse(1, SP4, SMALL)
    const { hits, journal } = run(course)
    const faults = new Map(hits.map(({ key, kind }) => [key, kind]))
    expect(run({ ...course, faults }).journal).toBe(journal)
  })

  test('that never rests is a violation of I5, not a wait', () => {
    const course = bigCourse(1, SP4, { servers: 2, mailboxes: 2, moves: 0, messages: 1 })
    // Stores that always defer, and an MTA that asks again at once, for days.
    const profile = { ...course.site.profile, storeRetryMs: 1 }
    const faults = { ...RATES, defer: 1 }
    const site = { ...course.site, profile }
    const { violations } = run({ ...course, site, faults, faultsUntil: Number.POSITIVE_INFINITY })
    expect(violations.map(({ invariant }) => invariant)).toContain('I5')
  })

  test('has every message accounted for', () => {
    const { outcomes, violations } = run(bigCourse(3, SP4, SMALL))
    expect(violations).toEqual([])
    expect(outcomes.delivered).toBeGreaterThan(SMALL.messages)
    expect(outcomes.reported).toBeGreaterThan(0)
    expect(outcomes.lost).toBeUndefined()
  })
})

describe('the defect', () => {
  test.each([
    [SP3, true],
    [SP4, false],
    ['modern', false],
  ])('in its scenario, under %s', async (profile, found) => {
    const plan = planOf(await loadScenario('q248839'), profile)
    const simulated = {
      ...{ scenario: 'q248839', profile },
      courseOf: (seed: number) => courseOf(plan, seed),
    }
    const bounds = { seed: 1, seeds: 200, events: Number.MAX_SAFE_INTEGER, shrink: false }
    const { failures, seeds, outcomes } = await simulate(simulated, bounds)
    expect(seeds).toBe(200)
    expect(failures.length > 0).toBe(found)
    expect(failures.every(({ repeats }) => repeats)).toBe(true)
    expect(outcomes.lost !== undefined).toBe(found)
  })
})

describe('the program', () => {
  async function simulateBy(...args: string[]) {
    const program = startProgram(['services/check/simulate/main.ts', ...args])
    const { code } = await program.ended
    return { code, text: program.lines.join('\n') }
  }

  test('says what failed, writes a schedule, and ends with 1', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'simulate-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'lost.json')
    const { code, text } = await simulateBy('q248839', '--seeds', '50', '--schedule', file)
    expect(code).toBe(1)
    expect(text).toContain('its journal is the same')
    expect(text).toMatch(/shrunk to \d+ steps \(I8, letter anna own\)/)
    const schedule = JSON.parse(readFileSync(file, 'utf8')) as Schedule
    expect(schedule).toMatchObject({ v: 1, scenario: 'q248839', profile: SP3 })
    expect(schedule.outcomes['letter anna own']).toBe('lost')
    expect(schedule.violation).toEqual({ invariant: 'I8', entry: 'letter anna own' })
  })

  test('says with --json what it covered, and ends with 0 when nothing was broken', async () => {
    const args = ['q248839', '--seeds', '30', '--profile', SP4, '--json']
    const { code, text } = await simulateBy(...args)
    expect(code).toBe(0)
    expect(JSON.parse(text)).toMatchObject({
      ...{ scenario: 'q248839', profile: SP4, seed: 1, seeds: 30, failing: 0, violations: [] },
    })
  })

  test('a scenario that there is not ends with 2, and those that there are', async () => {
    const { code, text } = await simulateBy('nonsense')
    expect(code).toBe(2)
    expect(text).toContain('q248839')
    expect(text).not.toContain(' at ')
  })

  test.each([
    [[], /which site/],
    [['--big', 'q248839'], /which site/],
    [['a', 'b'], /one scenario at a time/],
    [['--big', '--profile', 'x'], /no profile x; known: exchange-5\.5-rtm/],
    [['--big', '--seeds', '0'], /--seeds: 0 is not a whole number/],
    [['--big', '--seed', '1.5'], /--seed: 1.5 is not/],
    [['--big', '--seed', '2147483647', '--seeds', '2'], /a seed is at most/],
    [['--wrong'], /--wrong/],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(message)
  })
})
