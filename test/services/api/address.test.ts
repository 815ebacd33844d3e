/**
 * RFC 5321 §4.1.2 with the characters of RFC 6531, as a table of what is an address and what is
 * not.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkAddress, checkOriginator, complaintAbout } from '../../../services/api/address.ts'

const local64 = 'l'.repeat(64)
const label63 = 'd'.repeat(63)
const domain255 = `${label63}.${label63}.${label63}.${label63}`

describe('an address', () => {
  test.each([
    'anna',
    'Anna',
    'a-1',
    'anna@demo.example',
    'anna.b.c@demo.example',
    "o'brien+tag@demo.example",
    '!#$%&*+-/=?^_`{|}~@demo.example',
    '"anna b"@demo.example',
    '"a@b"@demo.example',
    '"a\\"b"@demo.example',
    'anna@[192.0.2.1]',
    'anna@[IPv6:2001:db8::1]',
    'anna@localhost',
    'anna@xn--bcher-kva.example',
    'josé@bücher.example',
    '用户@例子.广告',
    'अजय@डाटा.भारत',
    `${local64}@demo.example`,
    `a@${domain255}`,
  ])('%s', (address) => {
    expect(complaintAbout(address)).toBeUndefined()
    expect(checkAddress(address, 'to/0')).toBe(address)
  })

  test.each([
    ['', 'null sender'],
    ['<>', 'null sender'],
    ['@demo.example', 'before the "@"'],
    ['anna@', 'after the "@"'],
    ['anna bell', 'no alias'],
    ['-anna', 'no alias'],
    ['anna@@demo.example', 'neither a dot-atom'],
    ['a@b@c', 'neither a dot-atom'],
    ['.anna@demo.example', 'neither a dot-atom'],
    ['anna.@demo.example', 'neither a dot-atom'],
    ['an..na@demo.example', 'neither a dot-atom'],
    ['an na@demo.example', 'neither a dot-atom'],
    ['an,na@demo.example', 'neither a dot-atom'],
    ['"anna@demo.example', 'neither a dot-atom'],
    ['"an"na"@demo.example', 'neither a dot-atom'],
    ['Anna <anna@demo.example>', 'neither a dot-atom'],
    ['anna(comment)@demo.example', 'neither a dot-atom'],
    ['anna@demo..example', 'no label'],
    ['anna@.example', 'no label'],
    ['anna@demo.example.', 'no label'],
    ['anna@-demo.example', 'no label'],
    ['anna@demo-.example', 'no label'],
    ['anna@demo_1.example', 'no label'],
    ['anna@demo example', 'no label'],
    ['anna@[999]', 'no label'],
    [`${local64}l@demo.example`, '65 octets'],
    [`${'é'.repeat(33)}@demo.example`, '66 octets'],
    [`a@${domain255}d`, '256 octets'],
    [`a@d${label63}.example`, 'no label'],
    ['an\tna@demo.example', 'control character'],
    ['anna\u0085@demo.example', 'control character'],
    ['anna\u2028@demo.example', 'control character'],
    ['anna\u007f', 'control character'],
    ['\ud800@demo.example', 'well-formed'],
  ])('is not %j', (address, complaint) => {
    expect(complaintAbout(address)).toContain(complaint)
    expect(() => checkAddress(address, 'to/0')).toThrow(
      expect.objectContaining({ code: 'malformed-address' }),
    )
  })

  test.each(['anna\r\nBcc: eve@x.example', 'anna\n', 'a\rb@demo.example', 'a\0b@demo.example'])(
    'must not break a header: %j',
    (address) => {
      expect(() => checkAddress(address, 'from')).toThrow(
        expect.objectContaining({ code: 'header-injection' }),
      )
    },
  )

  test('of an originator may be the null sender, in either form', () => {
    expect(checkOriginator('')).toBe('')
    expect(checkOriginator('<>')).toBe('')
    expect(checkOriginator('anna')).toBe('anna')
    expect(() => checkOriginator('@')).toThrow()
  })

  test('whatever is accepted stays one line and one address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.string(), (local, domain) => {
        const address = `${local}@${domain}`
        if (complaintAbout(address) !== undefined) return
        expect(address).not.toMatch(/[\r\n\0]/)
        expect(address.split('"').length % 2).toBe(1)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a long one takes no long time', () => {
    const started = performance.now()
    complaintAbout(`${'a.'.repeat(500_000)}@${'b.'.repeat(500_000)}`)
    complaintAbout(`"${'\\"'.repeat(500_000)}@x`)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
