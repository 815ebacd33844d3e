/**
 * The search: it finds the published loss by the shortest way, finds none without the defect, and
 * says what it left out. What it finds without a safeguard: `safeguards/`.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULT_BOUNDS } from '../../../services/check/explore/bounds.ts'
import { check } from '../../../services/check/explore/check.ts'
import { NoRoomError, openSeen } from '../../../services/check/explore/table.ts'
import { Tape } from '../../../services/check/explore/tape.ts'
import { type Plan, planOf } from '../../../services/check/plan.ts'
import { chosen } from '../../../services/scenario/programme.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { startProgram } from '../../support/program.ts'

const SMALL = { ...DEFAULT_BOUNDS, crashes: 0, retries: 0 }
const MEMORY_MB = 500

async function planFor(name: string, profile: string): Promise<Plan> {
  const [scenario] = await chosen({ names: [name], profiles: [], all: false, rows: false })
  if (!scenario) throw new Error(`no scenario ${name}`)
  return planOf(scenario, profile)
}

const checked = async (name: string, profile: string, bounds = SMALL) =>
  check(await planFor(name, profile), {
    bounds,
    memoryMb: MEMORY_MB,
  })

const broken = (violations: { invariant: string; entry: string }[]) =>
  violations.map(({ invariant, entry }) => `${invariant} ${entry}`)

describe('q248839', () => {
  test('with the defect the entry is lost, and the shortest way is told', async () => {
    const found = await checked('q248839', 'exchange-5.5-sp3')
    expect(broken(found.violations)).toEqual(['I8 letter anna own'])
    expect(found.outcomes['letter anna own']).toEqual(['delivered', 'lost', 'reported'])
    const [{ schedule }] = found.violations as [(typeof found.violations)[0]]
    expect(schedule.outcomes['letter anna own']).toBe('lost')
    expect(schedule.steps).toHaveLength(30)
    expect(schedule.steps.at(-1)?.text).toContain('failure absorbed')
    expect(schedule.steps.map(({ at }) => at)).toEqual(schedule.steps.map(() => 0))
    expect(found.tuples.some(({ alternateFirst }) => alternateFirst.length > 0)).toBe(true)
  })

  test.each([
    ['exchange-5.5-sp4', ['delivered', 'reported']],
    ['modern', ['delivered']],
  ])('under %s it is never lost', async (profile, outcomes) => {
    const bounds = { ...DEFAULT_BOUNDS, crashes: 0, retries: 1 }
    const found = await checked('q248839', profile, bounds)
    expect(found.violations).toEqual([])
    expect(found.ended).toBeNull()
    expect(found.outcomes['letter anna own']).toEqual(outcomes)
  })
})

/** Rows whose every interleaving is few states, and what their own entry may come to. */
describe.each([
  ['row-1', 'letter anna own', ['delivered'], ['delivered']],
  ['row-2', 'letter anna own', ['delivered', 'reported'], ['delivered']],
  ['row-5', 'letter anna own', ['redirected'], ['redirected']],
  ['row-6a', 'letter anna own', ['delivered'], ['delivered']],
  ['row-7a', 'letter anna own', ['delivered', 'reported'], ['delivered']],
  ['row-17', 'letter bob redirected', ['delivered', 'lost', 'reported'], ['delivered']],
  ['row-19', 'letter anna own', ['deadLettered', 'delivered', 'lost'], ['delivered']],
])('%s', (name, entry, sp3, modern) => {
  test.each([
    ['exchange-5.5-sp3', sp3],
    ['exchange-5.5-sp4', sp3.filter((outcome) => outcome !== 'lost')],
    ['modern', modern],
  ])('%s', async (profile, outcomes) => {
    const found = await checked(name, profile, { ...SMALL, retries: 1 })
    expect(found.outcomes[entry]).toEqual(outcomes)
    const lost = outcomes.includes('lost')
    expect(broken(found.violations)).toEqual(lost ? [`I8 ${entry}`] : [])
  })
})

test('what a bound leaves out is counted as unknown', async () => {
  const found = await checked('q248839', 'modern', SMALL)
  expect(found.cutOff).toBeGreaterThan(0)
  expect(found.unknown).toBeGreaterThan(0)
  const further = await checked('q248839', 'modern', { ...SMALL, retries: 2 })
  expect(further.states).toBeGreaterThan(found.states)
  expect(further.cutOff).toBe(0)
})

test('an interrupted search says so and tells what it saw', async () => {
  const plan = await planFor('q248839', 'modern')
  const bounds = { ...DEFAULT_BOUNDS, crashes: 2, duplicates: 2 }
  const found = await check(plan, { bounds, memoryMb: MEMORY_MB, stopped: () => true })
  expect(found.ended).toBe('interrupted')
  expect(found.states).toBeGreaterThan(0)
})

test('a search that would need more room ends with the figure', () => {
  const seen = openSeen(5_000_000)
  expect(() => {
    for (let i = 0; i < 1_000_000; i++) {
      const state = seen.enter(Math.imul(i, 0x9e3779b1), i, -1, i + 7)
      if (state !== -1 - i) throw new Error(`${i} was there already`)
    }
  }).toThrow(new NoRoomError('more than 183,500 states in 5 MB (--memory)'))
  expect(seen.count).toBeGreaterThan(100_000)
  expect(seen.enter(Math.imul(60_000, 0x9e3779b1), 60_000, -1, 0)).toBe(60_000)
  expect(seen.action(60_000)).toBe(60_007)
})

test('a tape gives back what it was given, and keeps nothing that was read', () => {
  const tape = new Tape()
  /** Of record `i` the numbers after its length: some records are longer than a piece. */
  const lengthOf = (i: number): number => (i % 50_000 === 0 ? 10_000 : i % 7)
  let read = 0
  const readOne = (): void => {
    let at = tape.next()
    const length = tape.from[at++]
    if (length !== lengthOf(read)) throw new Error(`${read} has another length`)
    for (let i = 0; i < length; i++) {
      if (tape.from[at++] !== read * 3 + i) throw new Error(`${read} came out wrong`)
    }
    tape.done(at)
    read += 1
  }
  let most = 0
  for (let i = 0; i < 200_000; i++) {
    let at = tape.open(1 + 2 * lengthOf(i))
    tape.into[at++] = lengthOf(i)
    for (let n = 0; n < lengthOf(i); n++) tape.into[at++] = i * 3 + n
    tape.close(at)
    if (i % 3 !== 0) readOne()
    most = Math.max(most, tape.bytes)
  }
  expect(most).toBeLessThan(2_000_000)
  while (read < 200_000) readOne()
  expect(tape.bytes).toBeLessThan(300_000)
  expect(() => tape.next()).toThrow('nothing is left')
})

describe('the program', () => {
  const run = async (args: string[]) => {
    const program = startProgram(['services/check/explore/main.ts', ...args])
    const { code } = await program.ended
    return { code, said: program.lines.join('\n') }
  }

  test('prints a verdict, writes the schedule, exits 1', async () => {
    const file = join(temporaryFolder(), 'lost.json')
    const { code, said } = await run([
      'q248839',
      '--retries',
      '0',
      '--crashes',
      '0',
      '--schedule',
      file,
    ])
    expect(code).toBe(1)
    expect(said).toContain('I8  BROKEN for letter anna own')
    expect(said).toContain('I9  holds in all')
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      v: 1,
      scenario: 'q248839',
      violation: { invariant: 'I8', entry: 'letter anna own' },
    })
  })

  test.each([
    [['nothing-of-that-name'], 'is no scenario'],
    [['q248839', '--profile', 'exchange-4'], 'no profile exchange-4; known: exchange-5.5-rtm'],
    [['q248839', '--retries', 'many'], '--retries: many is not a whole number'],
    [['q248839', '--memory', '1000000'], 'to spare'],
    [[], 'which scenario?'],
  ])('%j is refused in words', async (args, words) => {
    const { code, said } = await run(args)
    expect(code).toBe(2)
    expect(said).toContain(words)
    expect(said).not.toContain('    at ')
  })
})
