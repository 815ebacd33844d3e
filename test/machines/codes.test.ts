/**
 * The code tables, row by row, written down a second time and the other way round: a slip in either
 * is seen.
 */
import { describe, expect, test } from 'vitest'
import {
  COMMUNICATIONS_FAILURE,
  CONGESTION,
  codeOf,
  DIAGNOSTICS,
  describe as describeCode,
  EXPIRED,
  LOOP_DETECTED,
  REASONS,
  REDIRECTION_LOOP,
  statusOf,
  TEXTS,
  textOf,
  UNRECOGNIZED,
} from '../../machines/codes.ts'

const NONE = -1
const OMIT = 255

/** RFC 2156 §5.3.8.2: status, then the pairs that give it. */
const X400_TO_STATUS: Record<string, [reason: number, ...diagnostics: number[]][]> = {
  '4.2.1': [[1, 4]],
  '4.2.4': [[1, 30]],
  '4.3.1': [[1, 2]],
  '4.4.0': [[0, NONE]],
  '4.4.7': [
    [1, 5],
    [0, 49],
  ],
  '5.0.0': [[1, NONE]],
  '5.1.0': [[4, NONE, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45]],
  '5.1.1': [[1, 0]],
  '5.1.4': [[1, 1]],
  '5.1.6': [[1, 43]],
  '5.2.3': [[1, 7]],
  '5.3.3': [
    [1, 18],
    [2, 47],
    [7, NONE],
  ],
  '5.3.4': [[0, 48]],
  '5.4.0': [[1, 26]],
  '5.4.3': [[6, NONE]],
  '5.4.4': [[1, 17]],
  '5.4.6': [[1, 3, 27]],
  '5.5.0': [[1, 14]],
  '5.5.2': [[1, 11, 12, 13]],
  '5.5.3': [[1, 16]],
  '5.6.0': [
    [2, 20, 21],
    [3, NONE],
    [4, 31],
  ],
  '5.6.1': [[1, 6, 15]],
  '5.6.2': [[2, 19, 22, 23, 24, 25]],
  '5.6.3': [
    [1, 10],
    [2, NONE, 8, 9],
  ],
  '5.7.0': [[1, 46]],
  '5.7.1': [
    [1, 29],
    [5, NONE],
  ],
  '5.7.2': [[1, 28]],
}

/** RFC 2156 §5.1.8.4: for each subject, the pairs of its details from 0; null is a success only. */
const STATUS_TO_X400: ([reason: number, diagnostic: number] | null)[][] = [
  [[1, NONE]],
  [[1, NONE], [1, 0], [1, 0], [1, 0], [1, 1], null, [1, 43], [1, 11], [1, 11]],
  [
    [1, NONE],
    [1, 4],
    [1, 4],
    [1, 7],
    [1, 30],
  ],
  [
    [0, NONE],
    [1, 2],
    [1, 2],
    [1, 18],
    [1, 7],
    [1, NONE],
  ],
  [
    [0, NONE],
    [0, NONE],
    [0, NONE],
    [6, NONE],
    [0, NONE],
    [1, 2],
    [1, 3],
    [1, 5],
  ],
  [
    [1, NONE],
    [1, 14],
    [1, 14],
    [1, 16],
    [1, 14],
    [1, 18],
  ],
  [[2, NONE], [1, 6], [1, 9], [2, 8], null, [2, 47]],
  [
    [1, 46],
    [1, 29],
    [1, 28],
    [1, 46],
    [1, 46],
    [1, 46],
    [1, 46],
    [1, 46],
  ],
]

const rowsOut = Object.entries(X400_TO_STATUS).flatMap(([status, groups]) =>
  groups.flatMap(([reason, ...diagnostics]) =>
    diagnostics.map((diagnostic) => ({ reason, diagnostic, status })),
  ),
)
const rowsBack = STATUS_TO_X400.flatMap((details, subject) =>
  details.flatMap((pair, detail) =>
    pair ? [{ status: `${subject}.${detail}`, reason: pair[0], diagnostic: pair[1] }] : [],
  ),
)

describe('X.400 to RFC 3463', () => {
  test.each(rowsOut)('$reason/$diagnostic is $status', ({ status, ...code }) => {
    expect(statusOf(code)).toBe(status)
  })

  test('a pair without a row has the status of its reason', () => {
    const listed = new Set(rowsOut.map(({ reason, diagnostic }) => `${reason}/${diagnostic}`))
    for (let reason = 0; reason <= 7; reason += 1) {
      const any = statusOf({ reason, diagnostic: NONE })
      for (let diagnostic = 0; diagnostic <= OMIT; diagnostic += 1) {
        if (listed.has(`${reason}/${diagnostic}`)) continue
        expect(statusOf({ reason, diagnostic }), `${reason}/${diagnostic}`).toBe(any)
      }
    }
  })

  test('congestion as Exchange says it, 0/2, is not the 1/2 of the table', () => {
    expect(statusOf(CONGESTION)).toBe('4.4.0')
    expect(statusOf({ reason: 1, diagnostic: 2 })).toBe('4.3.1')
  })

  test('a reason beyond the table is 5.0.0', () => {
    expect(statusOf({ reason: 8, diagnostic: NONE })).toBe('5.0.0')
    expect(statusOf({ reason: 99, diagnostic: 99 })).toBe('5.0.0')
  })

  test('a pair that makes no sense but was seen is no error (Q251016)', () => {
    const deceased = { reason: 0, diagnostic: 36 }
    expect(statusOf(deceased)).toBe('4.4.0')
    expect(describeCode(deceased)).toBe('transfer-failure, undeliverable-mail-recipient-deceased')
  })
})

describe('RFC 3463 to X.400', () => {
  test.each(rowsBack)('X.$status is $reason/$diagnostic', ({ status, reason, diagnostic }) => {
    expect(codeOf(`5.${status}`)).toEqual({ reason, diagnostic })
    expect(codeOf(`4.${status}`)).toEqual({ reason, diagnostic })
  })

  test.each([
    ['5.2.37', '5.2.0'],
    ['5.1.5', '5.1.0'],
    ['5.6.4', '5.6.0'],
    ['5.7.999', '5.7.0'],
    ['5.8.1', '5.0.0'],
  ])('%s is not in the table and counts as %s', (status, as) => {
    expect(codeOf(status)).toEqual(codeOf(as))
  })

  test.each(['2.1.5', '', '5', '5.1', '5.1.1.1', '3.0.0', '5.x.1', ' 5.1.1'])(
    "'%s' is refused with a clear error",
    (status) => {
      expect(() => codeOf(status)).toThrow(`'${status}' is not the status of a failure`)
    },
  )

  test('the two tables are not inverse', () => {
    expect(statusOf({ reason: 5, diagnostic: NONE })).toBe('5.7.1')
    expect(codeOf('5.7.1')).toEqual({ reason: 1, diagnostic: 29 })
  })
})

describe('names', () => {
  test('stand at their numbers', () => {
    expect(REASONS).toHaveLength(9)
    expect(DIAGNOSTICS).toHaveLength(79)
    expect(DIAGNOSTICS.at(30)).toBe('DL-expansion-failure')
    expect(DIAGNOSTICS.at(33)).toMatch(/office-incorrect-or-invalid$/)
    expect(DIAGNOSTICS.at(45)).toMatch(/originator-prohibited-forwarding$/)
    expect(DIAGNOSTICS.at(47)).toBe('unable-to-downgrade')
    expect(DIAGNOSTICS.at(60)).toBe('unreliable-system')
    expect(DIAGNOSTICS.at(78)).toBe('unsupported-security-policy')
    expect(new Set(DIAGNOSTICS).size).toBe(79)
  })

  test.each([
    [UNRECOGNIZED, '1/0', '5.1.1', 'unable-to-transfer, unrecognized-OR-name'],
    [COMMUNICATIONS_FAILURE, '0/-1', '4.4.0', 'transfer-failure'],
    [CONGESTION, '0/2', '4.4.0', 'transfer-failure, MTS-congestion'],
    [LOOP_DETECTED, '1/3', '5.4.6', 'unable-to-transfer, loop-detected'],
    [EXPIRED, '1/5', '4.4.7', 'unable-to-transfer, maximum-time-expired'],
    [REDIRECTION_LOOP, '1/27', '5.4.6', 'unable-to-transfer, redirection-loop-detected'],
  ])('%o is %s, %s, %s', (code, pair, status, words) => {
    expect(`${code.reason}/${code.diagnostic}`).toBe(pair)
    expect(statusOf(code)).toBe(status)
    expect(describeCode(code)).toBe(words)
  })

  test.each([
    [{ reason: 5, diagnostic: OMIT }, 'restricted-delivery, Omit any diagnostic code'],
    [{ reason: 1, diagnostic: 253 }, 'unable-to-transfer, No Report required'],
    [{ reason: 1, diagnostic: 254 }, 'unable-to-transfer, Per-recip failure'],
    [{ reason: 12, diagnostic: 200 }, 'reason 12, diagnostic 200'],
  ])('%o is described', (code, words) => {
    expect(describeCode(code)).toBe(words)
  })
})

describe('texts', () => {
  test.each([
    [1, 0, 'The recipient name is not recognized'],
    [0, NONE, 'Unable to deliver the message due to a communications failure'],
    [0, OMIT, 'Unable to deliver the message due to a communications failure'],
    [1, 5, 'The maximum time for delivering the message expired'],
    [1, NONE, 'Unable to deliver the message due to a recipient problem'],
    [5, NONE, 'A restriction in the system prevented delivery of the message'],
    [6, NONE, 'A required directory operation was unsuccessful'],
    [5, 0, 'The recipient name is not recognized'],
    [0, 36, 'Unable to deliver the message due to a communications failure'],
    [99, NONE, 'Unable to deliver the message due to a recipient problem'],
  ])('%i/%i: %s', (reason, diagnostic, text) => {
    expect(textOf({ reason, diagnostic })).toBe(text)
  })

  test('each names its article, or says that it is ours', () => {
    for (const [pair, { text, source }] of Object.entries(TEXTS)) {
      expect(text, pair).not.toBe('')
      expect(source, pair).toMatch(/^(Q\d{6}|ours\b.*)$/)
    }
  })

  test('each reason has one, and each constant its own', () => {
    for (const reason of REASONS.keys()) expect(TEXTS).toHaveProperty([`${reason}/Any`])
    for (const code of [UNRECOGNIZED, CONGESTION, LOOP_DETECTED, EXPIRED]) {
      expect(TEXTS).toHaveProperty([`${code.reason}/${code.diagnostic}`])
    }
  })
})
