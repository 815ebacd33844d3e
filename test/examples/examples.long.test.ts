/**
 * The examples fail where they ought to: under the profile with the defect, and with words that
 * show what was lost.
 */
import { fileURLToPath } from 'node:url'
import { startLab } from 'undeliverable/lab'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasTool, PYTHON } from '../../services/setup/test-tools.mjs'
import { plainEnvironment, startCommand, startProgram } from '../support/program.ts'

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))

test('the chaos test fails under Service Pack 3, and prints the timeline', async () => {
  const env = plainEnvironment({ PROFILE: 'exchange-5.5-sp3', NO_COLOR: '1' })
  const run = startProgram([VITEST, 'run', 'test/examples/chaos.test.ts'], env)
  const { code } = await run.ended
  const said = run.lines.join('\n')
  expect(said).toContain('1 of 2 were silently lost.')
  expect(said).toContain('delivering → failed, no such mailbox here')
  expect(said).toContain('0 passed, 1 failed')
  expect(code).toBe(1)
})

test('the property holds under Service Pack 4', async () => {
  const env = plainEnvironment({ PROFILE: 'exchange-5.5-sp4' })
  const run = startProgram(['-C', 'checkout', 'test/examples/property.mjs'], env)
  const { code } = await run.ended
  expect(run.lines.join('\n')).toBe('')
  expect(code).toBe(0)
})

describe.runIf(hasTool('python3-flufl.bounce'))('in Python, the same test', () => {
  const file = fileURLToPath(new URL('./chaos_test.py', import.meta.url))

  test.each([
    ['exchange-5.5-sp4', 0, /^OK$/m],
    ['exchange-5.5-sp3', 1, /Lists differ: \['anna'\] != \[\]/],
  ])('under %s ends with %i', async (profile, code, words) => {
    const lab = await startLab()
    onTestFinished(lab.close)
    const env = { ...process.env, UNDELIVERABLE_URL: lab.client.url, PROFILE: profile }
    const run = startCommand(PYTHON, [file], env)
    expect(await run.ended).toMatchObject({ code })
    expect(run.lines.join('\n')).toMatch(words)
  })
})
