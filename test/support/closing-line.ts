/**
 * Ends the output of a test run with `N passed, N failed` on a line of its own, for whoever reads
 * it by machine.
 *
 * A file that cannot be loaded and an error outside of any test count as failed. It is written as
 * the process exits, so that nothing comes after it.
 */
import type { Reporter, TestModule } from 'vitest/node'

export default class ClosingLine implements Reporter {
  onInit(): void {
    let counted = '0 passed, 1 failed'
    this.onTestRunEnd = (modules, unhandledErrors) => {
      counted = count(modules, unhandledErrors.length)
    }
    process.once('exit', () => process.stdout.write(`${counted}\n`))
  }

  onTestRunEnd: NonNullable<Reporter['onTestRunEnd']> = () => undefined
}

function count(modules: readonly TestModule[], unhandledErrors: number): string {
  let passed = 0
  let failed = unhandledErrors
  for (const module of modules) {
    if (module.errors().length > 0) failed++
    for (const test of module.children.allTests()) {
      if (test.result().state === 'passed') passed++
      if (test.result().state === 'failed') failed++
    }
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) failed++
  }
  return `${passed} passed, ${failed} failed`
}
