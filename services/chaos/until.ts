/** Waiting for a condition, in a bounded time. */
import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 20

/** Looks again and again until it is so; throws these words when it does not come to that. */
export async function until(
  look: () => boolean | Promise<boolean>,
  withinMs: number,
  otherwise: string,
): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(otherwise)
    await sleep(LOOK_MS)
  }
}
