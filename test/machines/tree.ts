/**
 * From many observed points to the fewest lines that say the same: a decision tree.
 *
 * A point is a situation and an event with their words, and what happened. Words on which nothing
 * depends are left out; the rest are asked in the order that gives the fewest lines. So a line is
 * always true of every point that it covers, and together the lines cover all points.
 */

export interface Point {
  words: Record<string, string>
  outcome: Outcome
}

export interface Outcome {
  /** Target and asks. */
  text: string
  /**
   * For each figure: what may be said of how it changed (`tries=0`, `tries+1`); '' for unchanged.
   */
  changes: Record<string, string[]>
}

/** The values of a word for which a line holds, and those for which another does. */
export interface Condition {
  values: string[]
  others: string[]
}

export interface Line {
  conditions: Record<string, Condition>
  text: string
}

export function lines(points: Point[]): Line[] {
  const { left, names } = relevant(points)
  return best(left, names).map(({ conditions, outcome }) => ({
    conditions,
    text: outcome.text + changesText(outcome),
  }))
}

function changesText({ changes }: Outcome): string {
  const said = Object.values(changes).flatMap((possible) => possible[0] || [])
  return said.length > 0 ? `; ${said.join(', ')}` : ''
}

/** What is true of both, or null. */
function both(one: Outcome, other: Outcome): Outcome | null {
  if (one.text !== other.text) return null
  const changes: Record<string, string[]> = {}
  for (const [figure, possible] of Object.entries(one.changes)) {
    const shared = possible.filter((said) => other.changes[figure]?.includes(said))
    if (shared.length === 0) return null
    changes[figure] = shared
  }
  return { text: one.text, changes }
}

const all = (outcomes: Outcome[]): Outcome | null => {
  const [first, ...rest] = outcomes
  return rest.reduce<Outcome | null>((sum, next) => sum && both(sum, next), first ?? null)
}

function groups<T>(items: T[], keyOf: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const same = found.get(key)
    if (same) same.push(item)
    else found.set(key, [item])
  }
  return found
}

const only = (words: Record<string, string>, names: string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (name in words ? [[name, words[name] ?? '']] : [])))

/** The same outcome for equal words: one point for each combination of these words, or null. */
function merged(points: Point[], names: string[]): Point[] | null {
  const byWords = groups(points, ({ words }) => JSON.stringify(only(words, names)))
  const found: Point[] = []
  for (const same of byWords.values()) {
    const outcome = all(same.map((point) => point.outcome))
    if (!outcome) return null
    found.push({ words: only(same[0]?.words ?? {}, names), outcome })
  }
  return found
}

/** Leaves out, one by one, each word without which the rest still decides. */
function relevant(points: Point[]): { left: Point[]; names: string[] } {
  let names = [...new Set(points.flatMap(({ words }) => Object.keys(words)))]
  let left = points
  for (const name of names) {
    const others = names.filter((other) => other !== name)
    const fewer = merged(left, others)
    if (fewer) [left, names] = [fewer, others]
  }
  return { left: project(left, names), names }
}

function project(points: Point[], names: string[]): Point[] {
  const found = merged(points, names)
  if (!found) throw new Error('the same situation and event had two outcomes')
  return found
}

interface Leaf {
  conditions: Record<string, Condition>
  outcome: Outcome
}

function best(points: Point[], names: string[]): Leaf[] {
  const outcome = all(points.map((point) => point.outcome))
  if (outcome) return [{ conditions: {}, outcome }]
  let found: Leaf[] | null = null
  for (const name of names) {
    const leaves = split(
      points,
      name,
      names.filter((other) => other !== name),
    )
    if (leaves && (!found || leaves.length < found.length)) found = leaves
  }
  if (!found) throw new Error('nothing tells these points apart')
  return found
}

/** Values of one word, those with the same consequences taken together. */
function split(points: Point[], name: string, others: string[]): Leaf[] | null {
  const byValue = [...groups(points, ({ words }) => words[name] ?? '')]
  if (byValue.length < 2) return null
  const branches: { values: string[]; points: Point[] }[] = []
  for (const [value, some] of byValue) {
    const same = branches.find((branch) => equalWithout(branch.points, some, others))
    if (same) {
      same.values.push(value)
      same.points = project([...same.points, ...some], others)
    } else branches.push({ values: [value], points: project(some, others) })
  }
  if (branches.length < 2) return null
  return branches.flatMap((branch) => {
    const elsewhere = byValue
      .map(([value]) => value)
      .filter((value) => !branch.values.includes(value))
    return best(branch.points, others).map(({ conditions, outcome }) => ({
      conditions: { [name]: { values: branch.values, others: elsewhere }, ...conditions },
      outcome,
    }))
  })
}

/** Two branches with no contradiction, over the very same combinations of the other words. */
function equalWithout(some: Point[], more: Point[], others: string[]): boolean {
  const keys = (points: Point[]) =>
    [...groups(points, ({ words }) => JSON.stringify(only(words, others))).keys()].sort().join()
  return keys(some) === keys(more) && merged([...some, ...more], others) !== null
}
