/** The nemesis's plan: the same for a seed, and each kind of process is killed often enough. */
import { expect, test } from 'vitest'
import { TOXIC_KINDS } from '../../../services/chaos/link.ts'
import { type Injury, KILLS_LEAST, KINDS, planFor } from '../../../services/chaos/plan.ts'

const kills = (plan: Injury[], kind: string) =>
  plan.filter((injury) => injury.do === 'kill' && injury.kind === kind).length

test.each([5, 60, 600])('%i s: each kind is killed, and all within the time', (seconds) => {
  for (let seed = 0; seed < 50; seed++) {
    const plan = planFor({ seed, seconds, spare: [] })
    for (const kind of KINDS) expect(kills(plan, kind)).toBeGreaterThanOrEqual(KILLS_LEAST)
    expect(plan.every(({ at }) => at >= 0 && at < 1_000 * seconds)).toBe(true)
    expect(plan).toEqual(planFor({ seed, seconds, spare: [] }))
  }
  expect(planFor({ seed: 1, seconds, spare: [] })).not.toEqual(
    planFor({ seed: 2, seconds, spare: [] }),
  )
})

test('a minute has stops, and each kind of cut', () => {
  const plan = planFor({ seed: 7, seconds: 60, spare: [] })
  expect(plan.filter((injury) => injury.do === 'stop').length).toBeGreaterThan(3)
  const toxics = plan.flatMap((injury) => (injury.do === 'cut' ? [injury.toxic.kind] : []))
  expect(new Set(toxics)).toEqual(new Set(TOXIC_KINDS))
})

test('whom it spares it does not kill', () => {
  const plan = planFor({ seed: 7, seconds: 60, spare: ['redis', 'api'] })
  expect(KINDS.map((kind) => kills(plan, kind) > 0)).toEqual([false, true, true, true, false])
  expect(
    planFor({ seed: 7, seconds: 60, spare: KINDS }).filter((one) => one.do === 'kill'),
  ).toEqual([])
})
