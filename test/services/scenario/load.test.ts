/**
 * The scenario format: what is accepted, and that each mistake is named with its place and with
 * what is known.
 */
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { DataError } from '../../../services/data-error.ts'
import {
  loadScenario,
  parseYaml,
  readScenario,
  scenarioNames,
} from '../../../services/scenario/load.ts'

const SMALL = `
name: small
title: One message
source: [RFC 5321]
profiles: [exchange-5.5-sp4]
site:
  servers: [nyc]
  mailboxes: [{ alias: anna }, { alias: carol }]
faults:
  late: { match: { event: mail.offered, mailbox: anna }, do: { delay: 10m } }
steps:
  - send: { as: letter, from: carol, to: [anna] }
  - wait: { entry: anna own, until: delivered }
expect:
  - entries: { anna own: delivered }
`

/** What is said against the small scenario once a line of it was replaced. */
function reasonsFor(line: string, replacement: string): readonly string[] {
  const text = SMALL.replace(line, replacement)
  expect(text).not.toBe(SMALL)
  try {
    readScenario(parse(text), 'small.yaml')
  } catch (error) {
    if (error instanceof DataError) return error.reasons
    throw error
  }
  return []
}

describe('a scenario', () => {
  test('is read, with its steps told apart', () => {
    const scenario = readScenario(parse(SMALL), 'small.yaml')
    expect(scenario.steps.map((step) => step.kind)).toEqual(['send', 'wait'])
    expect(scenario.faults.late?.do).toEqual({ delay: '10m' })
  })

  test('a mailbox is filled by as many messages of their own, in the background', () => {
    const step = '- prefill: { mailbox: anna, messages: 3, bytes: 200 }\n  - wait:'
    const { steps } = readScenario(parse(SMALL.replace('- wait:', step)), 'small.yaml')
    expect(steps.map(({ kind }) => kind)).toEqual(['send', 'send', 'send', 'send', 'wait'])
    expect(steps[3]?.value).toMatchObject({
      as: 'prefill-anna-3',
      from: 'anna',
      to: ['anna'],
      background: true,
      text: expect.stringMatching(/^(x{76}\n){2}x{46}$/),
    })
  })

  test.each([
    ['- wait:', '- prefill: { mailbox: anna }\n  - wait:', 'steps[1].prefill: misses messages'],
    [
      '- wait:',
      '- prefill: { mailbox: zoe, messages: 1 }\n  - wait:',
      'steps[1].prefill: unknown mailbox zoe',
    ],
    ['title: One message', 'titel: One', 'the file: unknown key titel'],
    ['title: One message', '', 'the file: misses title'],
    [
      '{ alias: anna }',
      '{ alias: Anna }',
      'site.mailboxes[0].alias: "Anna" does not have the form',
    ],
    ['- wait:', '- await:', 'steps[1]: unknown step await; known: send, move, release'],
    ['until: delivered }', 'untill: x }', 'steps[1].wait: unknown key untill; known: entry'],
    ['until: delivered }', 'until: x, timeout: soon }', 'steps[1].wait.timeout: "soon" does not'],
    ['{ entry: anna own,', '{ ', 'steps[1].wait: has one of entry, move, fault'],
    ['{ entry: anna own,', '{ entry: anna, ', 'steps[1].wait.entry: "anna" does not have the form'],
    ['{ entry: anna own,', '{ fault: early,', 'unknown fault early; known: late'],
    ['{ entry: anna own,', '{ move: bob,', 'unknown mailbox bob; known: anna, carol, outside'],
    ['{ delay: 10m }', '{ delay: 10m, hold: true }', 'faults.late: do: has one of hold, move'],
    ['{ delay: 10m }', '{ move: { mailbox: anna, to: nyc } }', 'move and holdUntil go together'],
    ['mailbox: anna }, do', 'mailbox: dan }, do', 'faults.late: unknown mailbox dan; known: anna'],
    ['entries: { anna own: delivered }', 'entries: { anna own: gone }', '"gone"'],
    [
      '  - entries: {',
      '  - for: [nt4]\n    entries: {',
      'expect[0]: unknown profile nt4; known: exch',
    ],
    ['[exchange-5.5-sp4]', '[nt4]', 'profiles: unknown profile nt4; known: exchange-5.5-rtm'],
    ['  - entries: {', '  - message: card\n    entries: {', 'unknown message card; known: letter'],
  ])('%s → %s is refused', (line, replacement, reason) => {
    expect(reasonsFor(line, replacement).join('\n')).toContain(reason)
  })

  test('is refused with everything that is wrong, not with the first thing', () => {
    const text = SMALL.replace('title: One message', 'titel: One').replace('{ alias: carol }', '{}')
    expect(() => readScenario(parse(text), 'small.yaml')).toThrow(
      /small\.yaml: the file: .*\n.*small\.yaml: site\.mailboxes\[1\]: misses alias/s,
    )
  })

  test('that is not YAML is refused by name', () => {
    expect(() => parseYaml('a: [', 'broken.yaml')).toThrow(/broken\.yaml: is not YAML/)
  })
})

describe('the folder', () => {
  test('holds scenarios that can be read, each under its own name', async () => {
    const names = await scenarioNames()
    expect(names).toContain('q248839')
    const scenarios = await Promise.all(names.map((name) => loadScenario(name)))
    expect(scenarios.map((scenario) => scenario.name)).toEqual(names)
  })

  test('says what it has when asked for something else', async () => {
    await expect(loadScenario('nothing')).rejects.toThrow(/no scenario of .*known: .*q248839/)
  })
})
