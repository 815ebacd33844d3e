/**
 * JUnit XML: valid whatever was said, with the failures counted.
 */
import { expect, test } from 'vitest'
import { escapeXml, junitOf } from '../../../services/scenario/junit.ts'
import { sampleRun } from './sample.ts'

test('has a suite for each run and a case for each expectation', () => {
  const runs = [sampleRun('exchange-5.5-sp3', 'lost'), sampleRun('exchange-5.5-sp4', 'reported')]
  const xml = junitOf(runs)
  expect(xml.split('\n')[0]).toBe('<?xml version="1.0" encoding="UTF-8"?>')
  expect(xml.split('\n')[1]).toMatch(/^<testsuites name="scenarios" tests="4" failures="1"/)
  expect(xml.match(/<testsuite /g)).toHaveLength(2)
  expect(xml.match(/<testcase /g)).toHaveLength(4)
  expect(xml).toContain('<failure message="reported">reported</failure>')
  expect(xml.match(/<\/?testsuites?[ >]/g)).toHaveLength(6)
})

test.each([
  ['a < b & "c" > d', 'a &lt; b &amp; &quot;c&quot; &gt; d'],
  ['line\nbreak', 'line&#10;break'],
  ['bell\u0007 and nul\u0000', 'bell\ufffd and nul\ufffd'],
  ['half \ud83d pair', 'half \ufffd pair'],
  ['whole 📮 pair', 'whole 📮 pair'],
])('escapes %j', (text, escaped) => {
  expect(escapeXml(text)).toBe(escaped)
})
