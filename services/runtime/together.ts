/**
 * One at a time by key, and those that wait for the same key together, within this process.
 *
 * Steps of one copy or one mailbox that run side by side would only refuse each other's commits; so
 * they wait for one another, and what has gathered meanwhile is taken in one go. Across processes
 * the commit's version check decides.
 */

/** So many at most are taken in one go: one commit's arguments stay few, and others get a turn. */
export const TOGETHER_MAX = 128

interface Waiting<E, R> {
  item: E
  resolve: (result: R) => void
  reject: (error: unknown) => void
}

export interface Gathering<E, R> {
  /**
   * What becomes of the item; `work` gets it alone, or with others of its key that may join. Those
   * that wait are taken when it ends, or before, when it calls `next`.
   */
  take(key: string, item: E): Promise<R>
}

export function gathering<E, R>(
  mayJoin: (first: E[], next: E) => boolean,
  work: (items: E[], next: () => void) => Promise<PromiseSettledResult<R>[]>,
): Gathering<E, R> {
  const byKey = new Map<string, Waiting<E, R>[]>()

  const drain = async (key: string, waiting: Waiting<E, R>[]): Promise<void> => {
    while (waiting.length > 0) {
      const taken = takeFrom(waiting, mayJoin)
      const items = taken.map(({ item }) => item)
      await new Promise<void>((next) => {
        void settle(taken, work(items, next)).then(next)
      })
    }
    byKey.delete(key)
  }
  return {
    take: (key, item) =>
      new Promise((resolve, reject) => {
        const waiting = byKey.get(key)
        if (waiting) return void waiting.push({ item, resolve, reject })
        const first = [{ item, resolve, reject }]
        byKey.set(key, first)
        void drain(key, first)
      }),
  }
}

async function settle<E, R>(
  taken: Waiting<E, R>[],
  working: Promise<PromiseSettledResult<R>[]>,
): Promise<void> {
  const results = await working.catch((reason: unknown): PromiseSettledResult<R>[] =>
    taken.map(() => ({ status: 'rejected', reason })),
  )
  taken.forEach(({ resolve, reject }, i) => {
    const result = results[i]
    if (result?.status === 'fulfilled') resolve(result.value)
    else reject(result?.reason)
  })
}

function takeFrom<E, R>(
  waiting: Waiting<E, R>[],
  mayJoin: (first: E[], next: E) => boolean,
): Waiting<E, R>[] {
  const taken = waiting.splice(0, 1)
  const items = taken.map(({ item }) => item)
  for (let next = waiting[0]; next && taken.length < TOGETHER_MAX; next = waiting[0]) {
    if (!mayJoin(items, next.item)) break
    items.push(next.item)
    taken.push(...waiting.splice(0, 1))
  }
  return taken
}
