/**
 * One at a time, by key, within this process.
 *
 * Steps of one copy or one mailbox that run side by side would only refuse each other's commits;
 * across processes the commit's version check still decides.
 */
const tails = new Map<string, Promise<unknown>>()

export async function exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = tails.get(key)
  const mine = before ? before.then(work, work) : work()
  tails.set(key, mine)
  try {
    return await mine
  } finally {
    if (tails.get(key) === mine) tails.delete(key)
  }
}
