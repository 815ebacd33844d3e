/**
 * What the search once found in machines without any defect, kept: `schedules/` has each way as it
 * was written down then. It breaks nothing any more, and with the safeguard removed it does again.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Schedule } from '../../../services/check/schedule.ts'
import { played } from './played.ts'
import { forgetsTransfers } from './removed.ts'

const schedule = (name: string): Schedule =>
  JSON.parse(readFileSync(new URL(`schedules/${name}.json`, import.meta.url), 'utf8'))

describe.each([
  {
    name: 'two-holders',
    what: 'a transfer is put off, and its first sending, which was late, is taken',
    breaks: 'I8 letter dave own: 2 MTAs are responsible for it',
    ends: 'delivered',
  },
  {
    name: 'false-report',
    what: 'a transfer is refused and reported, and its first sending is taken and delivered',
    breaks: 'I9 letter dave own: it was reported as failed, and lon has it',
    ends: 'reported',
  },
  {
    name: 'reported-twice',
    what: 'a transfer is refused and reported, and its first sending is taken, and fails too',
    breaks: 'I3 letter dave own: 2 failure reports were made',
    ends: 'reported',
  },
])('$name: $what', ({ name, breaks, ends }) => {
  test('breaks nothing', () => {
    const { broken, outcomes } = played(schedule(name))
    expect(broken).toEqual([])
    expect(outcomes['letter dave own']).toBe(ends)
  })

  test('breaks what it broke when the safeguard is removed', () => {
    const { broken, skipped } = played(schedule(name), { load: forgetsTransfers })
    expect(skipped).toEqual([])
    expect(broken).toContain(breaks)
  })
})
