/**
 * A failure's report: its data, its words, and a date formatter that owes nothing to a clock.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EXPIRED, UNRECOGNIZED } from '../../machines/codes.ts'
import {
  dateText,
  type Failure,
  reportOf,
  reportSubject,
  reportText,
} from '../../machines/report.ts'

const failure: Failure = {
  subject: 'Lunch on Friday',
  sentAt: Date.UTC(1999, 8, 14, 10, 7, 29),
  recipient: 'anna@demo.example',
  failedAt: Date.UTC(1999, 8, 14, 10, 8, 59),
  code: UNRECOGNIZED,
  server: 'nyc',
  site: 'demo',
  messageId: '019a0b1c-7b7e-7c11-8a54-2f3d5b6c7d8e',
}

test('the text has the layout of Q181952', () => {
  expect(
    reportText(failure),
  ).toBe(`Your message did not reach some or all of the intended recipients.

      Subject:  Lunch on Friday
      Sent:     9/14/99 10:07 AM

The following recipient(s) could not be reached:

      anna@demo.example on 9/14/99 10:08 AM
            The recipient name is not recognized
            The MTS-ID of the original message is: 019a0b1c-7b7e-7c11-8a54-2f3d5b6c7d8e
            MSEXCH:MSExchangeMTA:demo:nyc
`)
})

test('the data says the same to a machine', () => {
  expect(reportOf({ ...failure, code: EXPIRED })).toEqual({
    action: 'failed',
    about: failure.messageId,
    recipient: 'anna@demo.example',
    status: '4.4.7',
    reason: 1,
    diagnostic: 5,
    others: [],
    subject: 'Undeliverable: Lunch on Friday',
    text: reportText({ ...failure, code: EXPIRED }),
  })
})

test('a message without a subject leaves no blank at a line end', () => {
  expect(reportSubject('')).toBe('Undeliverable:')
  expect(reportText({ ...failure, subject: '' })).not.toMatch(/[ \t]$/m)
})

test('the subject is taken as it is', () => {
  expect(reportSubject('Undeliverable: x')).toBe('Undeliverable: Undeliverable: x')
})

describe('dates', () => {
  test.each([
    [0, '1/1/70 12:00 AM'],
    [-1, '12/31/69 11:59 PM'],
    [Date.UTC(2000, 1, 29, 12, 0), '2/29/00 12:00 PM'],
    [Date.UTC(2000, 2, 1, 0, 5), '3/1/00 12:05 AM'],
    [Date.UTC(1900, 1, 28, 23, 59, 59, 999), '2/28/00 11:59 PM'],
    [Date.UTC(1900, 2, 1, 13, 0), '3/1/00 1:00 PM'],
    [Date.UTC(2026, 10, 23, 9, 9), '11/23/26 9:09 AM'],
    [Date.UTC(2005, 0, 1, 0, 0), '1/1/05 12:00 AM'],
  ])('%i is %s', (at, text) => {
    expect(dateText(at)).toBe(text)
  })

  test('agrees with the calendar of the platform, day for day and at any minute', () => {
    const platform = new Intl.DateTimeFormat('en-US', {
      timeZone: 'UTC',
      year: '2-digit',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
    })
    const expected = (at: number) => platform.format(at).replace(',', '').replace(/\s/g, ' ')
    for (let at = Date.UTC(1896, 0, 1); at < Date.UTC(2105, 0, 1); at += 86_400_000) {
      if (dateText(at) !== expected(at)) expect(dateText(at)).toBe(expected(at))
    }
    const anyTime = fc.integer({ min: Date.UTC(1800, 0, 1), max: Date.UTC(2400, 0, 1) })
    fc.assert(fc.property(anyTime, (at) => dateText(at) === expected(at)))
  })
})
