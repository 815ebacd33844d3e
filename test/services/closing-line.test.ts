/**
 * The end of a test run, read by machine: `N passed, N failed` is the last line, whatever went
 * wrong before.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { checkout } from '../support/program.ts'

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}

test('a failed test, a file that cannot be loaded and an error outside of tests count', () => {
  const folder = temporaryFolder()
  writeFileSync(
    join(folder, 'one.test.js'),
    `test('passes', () => {})
     test('fails', () => { throw new Error('as it should') })
     test('lets an error go', () => { setTimeout(() => { throw new Error('nobody catches') }) })
     test('waits for it', () => new Promise((resolve) => setTimeout(resolve, 50)))`,
  )
  writeFileSync(join(folder, 'two.test.js'), `import 'nothing-of-this-name'`)
  const reporter = join(checkout, 'test/support/closing-line.ts')
  const result = spawnSync(
    join(checkout, 'node_modules/.bin/vitest'),
    ['run', '--root', folder, '--globals', '--reporter', 'default', '--reporter', reporter],
    { encoding: 'utf8' },
  )
  expect(lastLine(result.stdout)).toBe('3 passed, 3 failed')
  expect(result.status).toBe(1)
})

/** `npm test` is called with one argument, the long tests with more. */
const both = (first: string, rest: string) => `if [ $# -eq 1 ]; then ${first}; else ${rest}; fi`

test.each([
  [
    'passes',
    both('echo "3 passed, 0 failed"', 'echo "2 passed, 0 failed"'),
    0,
    '5 passed, 0 failed',
  ],
  [
    'fails',
    both('echo "2 passed, 1 failed"; echo "npm error"; exit 1', 'echo "4 passed, 0 failed"'),
    1,
    '6 passed, 1 failed',
  ],
  [
    'passes, and a long one fails',
    both('echo "2 passed, 0 failed"', 'echo "4 passed, 1 failed"; exit 1'),
    1,
    '6 passed, 1 failed',
  ],
  ['ends before its first test', 'echo "no Redis"; exit 1', 1, '0 passed, 2 failed'],
  ['says nothing', 'exit 0', 1, '0 passed, 2 failed'],
])('.ci/run when npm test %s', (_name, script, code, closing) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'npm'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, 'npm'), 0o755)
  const result = spawnSync(join(checkout, '.ci/run'), {
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    encoding: 'utf8',
  })
  expect(lastLine(result.stdout)).toBe(closing)
  expect(result.status).toBe(code)
})
