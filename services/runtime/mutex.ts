/**
 * One at a time, by key, within this process.
 *
 * Steps of one copy or one mailbox that run side by side would only refuse each other's commits;
 * across processes the commit's version check still decides.
 */
const tails = new Map<string, Promise<unknown>>()

/**
 * Waits until all that came before has let go of each key. The places in all lines are taken at
 * once, so nobody waits in a circle.
 */
export async function exclusively<T>(keys: string[], work: () => Promise<T>): Promise<T> {
  const before = keys.flatMap((key) => tails.get(key) ?? [])
  const mine = before.length > 0 ? Promise.allSettled(before).then(work) : work()
  for (const key of keys) tails.set(key, mine)
  try {
    return await mine
  } finally {
    for (const key of keys) if (tails.get(key) === mine) tails.delete(key)
  }
}
