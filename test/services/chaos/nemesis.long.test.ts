/** Whom a kill has to wait for: it works a moment before it dies. */
import { spawn } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { unleash, WORKS_MS } from '../../../services/chaos/nemesis.ts'
import type { Victim } from '../../../services/chaos/processes.ts'

/** A process that says it is up from this moment on. */
function victim(upFrom: number): Victim & { lived(): Promise<number> } {
  const child = spawn('sleep', ['60'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const gone = new Promise<number>((resolve) => child.once('exit', () => resolve(Date.now())))
  const isUp = () => child.exitCode === null && child.signalCode === null && Date.now() >= upFrom
  const pid = () => child.pid ?? null
  return { kind: 'redis', name: 'sleep', pid, isUp, lived: async () => (await gone) - upFrom }
}

test.each([
  ['that is up is killed at once', 0, [0, WORKS_MS - 1_000]],
  ['that had to come up works first', 500, [WORKS_MS - 1, WORKS_MS + 2_000]],
] as const)('one %s', async (_what, late, [least, most]) => {
  const one = victim(Date.now() + late)
  const told = unleash({
    plan: [{ at: 0, do: 'kill', kind: 'redis', nth: 0 }],
    parts: [],
    redis: { ...one, isUp: () => one.isUp() },
    recovered: async () => null,
    log: () => undefined,
  })
  const lived = await one.lived()
  expect(lived).toBeGreaterThanOrEqual(least)
  expect(lived).toBeLessThan(most)
  void told
})
