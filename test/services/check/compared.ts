/** One search with the reduction and one without, and what each tells. */
import type { Bounds } from '../../../services/check/explore/bounds.ts'
import { brokenIn } from '../../../services/check/explore/check.ts'
import { Model } from '../../../services/check/explore/model.ts'
import { search } from '../../../services/check/explore/search.ts'
import { type Plan, planOf } from '../../../services/check/plan.ts'
import { chosen } from '../../../services/scenario/programme.ts'

const BYTES_MAX = 1_000_000_000

export async function compared(
  name: string,
  profile: string,
  bounds: Bounds,
  how: { blind?: boolean } = {},
) {
  const [scenario] = await chosen({ names: [name], profiles: [], all: false, rows: false })
  if (!scenario) throw new Error(`no scenario ${name}`)
  return comparedIn(planOf(scenario, profile), bounds, how)
}

export async function comparedIn(plan: Plan, bounds: Bounds, { blind = false } = {}) {
  const run = async (reduce: boolean) => {
    const model = new Model(plan)
    // One event of several is enough, whatever it meets.
    if (blind && reduce) model.independence.choose = (_, startable) => (startable > 1 ? 1 : 0)
    const stopped = () => false
    const searched = await search(model, { bounds, bytesMax: BYTES_MAX, reduce, stopped })
    const { watch, states, edges } = searched
    const outcomes = [...watch.outcomes].map(([entry, ends]) => [entry, [...ends.keys()].sort()])
    const told = {
      ended: searched.ended,
      rests: edges.rests.length,
      outcomes: Object.fromEntries(outcomes),
      tuples: [...watch.tuples.keys()].sort(),
      broken: brokenIn(searched)
        .found.map(({ invariant, entry }) => `${invariant} ${entry}`)
        .sort(),
    }
    return { told, states }
  }
  return { reduced: await run(true), plain: await run(false) }
}
