/** What a replay reads: schedules, its command line; and how it tells one event from another. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { differences, essence, Names } from '../../../services/check/replay/content.ts'
import { readOptions } from '../../../services/check/replay/options.ts'
import { readSchedule } from '../../../services/check/replay/read.ts'
import { profileOf } from '../../../services/check/replay/stage.ts'
import type { Content } from '../../../services/check/schedule.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { Builder, send } from './replay-builder.ts'

const sent = () => {
  const run = new Builder('modern')
  run.act(send('letter', 'carol', ['bob']))
  run.takeAll()
  return run.schedule()
}

describe('a schedule', () => {
  const read = (data: unknown) => {
    const file = join(temporaryFolder(), 'schedule.json')
    writeFileSync(file, typeof data === 'string' ? data : JSON.stringify(data))
    return readSchedule(file)
  }

  test('is read as it was written', async () => {
    const schedule = sent()
    expect(await read(schedule)).toEqual({ schedule, notes: [] })
  })

  test.each<[string, (schedule: ReturnType<typeof sent>) => unknown, RegExp]>([
    ['no JSON', () => '{', /is not JSON/],
    ['a list', () => [], /is neither a schedule nor a bundle/],
    ['another version', (one) => ({ ...one, v: 2 }), /is neither a schedule nor a bundle.*v/s],
    ['other machines', (one) => ({ ...one, machines: 'old' }), /another version of the machines/],
    ['no steps', ({ steps: _, ...one }) => one, /is neither a schedule nor a bundle.*steps/s],
    [
      'an unknown step',
      (one) => ({ ...one, steps: [{ at: 0, text: '', do: 'toString' }] }),
      /steps\[0\]: nothing is done by "toString"/,
    ],
    [
      'a step without its event',
      (one) => ({ ...one, steps: [{ at: 0, text: '', do: 'take' }] }),
      /steps\[0\].*event/s,
    ],
    [
      'time that goes back',
      (one) => ({ ...one, steps: one.steps.map((step, i) => ({ ...step, at: 9 - i })) }),
      /steps\[1\]: 8 is before 9/,
    ],
  ])('%s is refused', async (_name, change, words) => {
    const refused = await read(change(sent())).catch((error: Error) => error)
    expect(refused).toMatchObject({ name: 'DataError', message: expect.stringMatching(words) })
  })

  test('a file that is not there is refused', async () => {
    await expect(readSchedule('/none/such.json')).rejects.toThrow('there is no such file')
  })

  test('a profile is a preset, or all its figures over one', () => {
    const { site, profile } = sent()
    expect(profileOf({ site, profile })).toBe('modern')
    const changed = { ...site.profile, name: 'modern+', storeRetryMs: 7 }
    const given = { site: { ...site, profile: changed }, profile }
    expect(profileOf(given)).toMatchObject({ extends: 'modern', storeRetryMs: 7, defects: [] })
  })
})

describe('the command line', () => {
  test.each<[string[], string]>([
    [[], 'which schedule?'],
    [['a.json', 'b.json'], 'which schedule?'],
    [['a.json', '--url', 'nowhere'], 'nowhere is not a URL'],
    [['a.json', '--keep'], '--keep needs --url'],
    [['a.json', '--fast'], '--fast'],
  ])('%j is refused', (args, words) => {
    expect(() => readOptions(args)).toThrow(words)
  })
})

describe('an event', () => {
  const item = { key: 'letter', from: 'carol', subject: 'letter', size: 0, sentAt: 0 }
  const offer: Content = {
    to: 'mailbox/nyc/bob',
    type: 'mail.offered',
    attempt: 1,
    item: { ...item, receivedAt: 0 },
  }

  test('is the same with other times and sizes, and other ids under the same names', () => {
    const names = new Names()
    names.add('0192-live', 'letter')
    const live = { ...item, key: '0192-live', size: 17, sentAt: 99, receivedAt: 98 }
    const event = { ...offer, id: 'x', at: 97, item: live }
    expect(names.told(essence(event))).toBe(essence(offer))
    expect(names.live('letter~1r')).toBe('0192-live~1r')
    expect(names.live('other')).toBeNull()
  })

  test('is another with another attempt, and where they differ is told', () => {
    const again = { ...offer, attempt: 2 }
    expect(essence(again)).not.toBe(essence(offer))
    expect(differences(again, offer)).toEqual(['attempt is 2, in the schedule 1'])
  })

  test('that is a move of another id is another', () => {
    const record = { alias: 'bob', home: 'lon', mailbox: 'bob', alternate: null, both: false }
    const facts = { mailbox: 'bob', alias: 'bob', source: 'nyc', target: 'lon' }
    const asked = (id: string): Content => ({
      to: 'mailbox/nyc/bob',
      type: 'lock.requested',
      move: { ...facts, id, record: { ...record, addresses: [], version: 2 } },
    })
    expect(essence(asked('move-1'))).not.toBe(essence(asked('move-2')))
  })

  test('that lists keys is the same in another order', () => {
    const page = (bars: string[]): Content => ({ to: 'mailbox/lon/bob', type: 'page.copied', bars })
    expect(essence(page(['a', 'b']))).toBe(essence(page(['b', 'a'])))
    expect(essence(page(['a', 'b']))).not.toBe(essence(page(['a'])))
  })
})
