/**
 * A search of more than ten million states, to its end: in 4 GB, in at most 100 bytes a state, and
 * it shows how far it is.
 */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startProgram } from '../../support/program.ts'

const STATES = 10_000_000
const BYTES_A_STATE = 100
const KILOBYTES = 4 << 20
const PROGRESS = /^[\d,]+ states, [\d,]+ to look at, depth \d+, [\d,]+ states\/s$/

const BOUNDS = ['--retries', '2', '--crashes', '2', '--duplicates', '2']

test('ten million states', { timeout: 600_000 }, async () => {
  const search = ['q248839', '--profile', 'exchange-5.5-sp4', ...BOUNDS, '--unreduced']
  const how = [...search, '--memory', '4000', '--json']
  const program = startProgram(['services/check/explore/main.ts', ...how])
  let most = 0
  const looking = setInterval(() => {
    readFile(`/proc/${program.pid}/status`, 'utf8').then((status) => {
      most = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? most)
    }, ended)
  }, 1_000)
  const { code } = await program.ended
  clearInterval(looking)
  const progress = program.lines.filter((line) => PROGRESS.test(line))
  const found = JSON.parse(program.lines.filter((line) => !PROGRESS.test(line)).join('\n'))
  const { states, bytesPerState, statesPerSecond } = found
  console.log(`${states} states, ${statesPerSecond}/s, ${bytesPerState} B each, ${most} kB in all`)
  expect(code).toBe(0)
  expect(found).toMatchObject({ ended: null, violations: [], cutOff: 0, unknown: 0 })
  expect(states).toBeGreaterThan(STATES)
  expect(bytesPerState).toBeLessThanOrEqual(BYTES_A_STATE)
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThan(KILOBYTES)
  expect(progress.length).toBeGreaterThan(10)
})

/** The process has ended between two looks. */
function ended(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error
}
