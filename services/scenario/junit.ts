/**
 * JUnit XML: a test suite for each run, a test case for each expectation.
 *
 * Pure. Characters that XML 1.0 cannot carry are replaced, so that the file is valid whatever a
 * message said.
 */
import type { Expectation } from './expectations.ts'
import type { Run } from './play.ts'

/** XML 1.0 §2.2: everything but these is not a character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
}

export function escapeXml(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"\n]/g, (found) => ESCAPES[found] ?? found)
}

function caseOf(run: Run, expectation: Expectation, seconds: number): string {
  const name = escapeXml(expectation.text)
  const klass = escapeXml(`${run.scenario}.${run.profile}`)
  const head = `    <testcase classname="${klass}" name="${name}" time="${seconds}"`
  if (expectation.held) return `${head}/>`
  const got = escapeXml(expectation.got)
  return `${head}>\n      <failure message="${got}">${got}</failure>\n    </testcase>`
}

function suiteOf(run: Run): string {
  const failures = run.expectations.filter((expectation) => !expectation.held).length
  const name = escapeXml(`${run.scenario} (${run.profile})`)
  const cases = run.expectations.map((expectation, index) =>
    caseOf(run, expectation, index === 0 ? run.seconds : 0),
  )
  return [
    `  <testsuite name="${name}" tests="${cases.length}" failures="${failures}" errors="0" ` +
      `skipped="0" time="${run.seconds}">`,
    ...cases,
    '  </testsuite>',
  ].join('\n')
}

/** The whole file. */
export function junitOf(runs: readonly Run[]): string {
  const all = runs.flatMap((run) => run.expectations)
  const failures = all.filter((expectation) => !expectation.held).length
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0).toFixed(3)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="scenarios" tests="${all.length}" failures="${failures}" time="${seconds}">`,
    ...runs.map(suiteOf),
    '</testsuites>',
    '',
  ].join('\n')
}
