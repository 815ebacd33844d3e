/**
 * A large message is taken apart line by line, and comes out as the library takes it apart at once;
 * what the library refuses is still shown.
 */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import PostalMime from 'postal-mime'
import { describe, expect, test } from 'vitest'
import {
  type Bytes,
  TEXT_BYTES_MAX,
  takenApart,
  WHOLE_BYTES_MAX,
} from '../../../services/mime/apart.ts'
import { attachmentsOf, checksumsOf, readAttachment } from '../../../services/mime/attachments.ts'
import { bytesOf } from '../../support/bytes.ts'

/** In pieces of this length. What counts as large is what says so. */
const inPieces = (whole: Buffer, length: number, size = whole.length): Bytes => ({
  size,
  async *pieces() {
    for (let at = 0; at < whole.length; at += length) yield whole.subarray(at, at + length)
  },
})
const asLarge = (whole: Buffer, length = 1_000): Bytes =>
  inPieces(whole, length, WHOLE_BYTES_MAX + 1)

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const ENCODINGS = ['base64', 'quoted-printable', '8bit', 'nonsense']
const TYPES = [
  ...['text/plain', 'text/plain; charset=utf-8; format=flowed', 'text/html', 'text/csv'],
  ...['application/octet-stream; name=x', 'text/calendar; method=request', 'message/rfc822'],
]
const DISPOSITIONS = ['', 'Content-Disposition: inline\r\n', 'Content-Disposition: attachment\r\n']

/** A body as mailers and attackers write them; what is no base64 is decoded all the same. */
const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .uint8Array({ maxLength: 900 })
    .map((bytes) => Buffer.from(Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\r\n'))),
  fc
    .string({
      unit: fc.constantFrom('a=', '=41', '=\r\n', ' ', '\r\n', '\r', '\n', 'é', '--', '-'),
    })
    .map((text) => Buffer.from(text)),
)
const leaf = fc
  .tuple(fc.constantFrom(...TYPES), fc.constantFrom(...ENCODINGS), fc.constantFrom(...DISPOSITIONS))
  .chain(([type, encoding, disposition]) => {
    const head = `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n${disposition}`
    return body.map((bytes) => Buffer.concat([Buffer.from(`${head}\r\n`), bytes]))
  })
const { part } = fc.letrec<{ part: Buffer }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(
        fc.constantFrom('mixed', 'alternative', 'related', 'digest'),
        fc.nat(99),
        fc.array(tie('part'), { maxLength: 4 }),
        fc.boolean(),
      )
      .map(([kind, number, parts, closed]) => {
        const marker = `b${number}`
        const head = `Content-Type: multipart/${kind}; boundary=${marker}\r\n\r\nbefore\r\n`
        const each = parts.flatMap((one) => [`--${marker}\r\n`, one, '\r\n'])
        const end = closed ? `--${marker}--\r\nbehind` : ''
        return Buffer.concat([head, ...each, end].map((one) => Buffer.from(one)))
      }),
  ),
}))

test('line by line, in whatever pieces, is as at once', async () => {
  const property = fc.asyncProperty(part, fc.integer({ min: 1, max: 200 }), async (one, length) => {
    const whole = Buffer.concat([bytesOf('Subject: =?utf-8?Q?=C3=A9?=\r\n'), one])
    const expected = await PostalMime.parse(whole)
    const { attachments, ...read } = await takenApart(asLarge(whole, length))
    const { attachments: files, ...email } = expected
    expect(read).toEqual({ ...email, whole: true })
    const contents = files.map(({ content }) => Buffer.from(content as ArrayBuffer))
    expect(attachments.map((file) => checksumsOf(file).SHA256)).toEqual(contents.map(sha256))
    const shown = attachmentsOf({ ...expected, attachments })
    expect(shown).toEqual(attachmentsOf(expected))
    expect(shown.map(({ size }) => size)).toEqual(contents.map((content) => content.length))
    for (const { number } of shown) {
      const file = await readAttachment(asLarge(whole, length), number)
      expect(file?.bytes.equals(contents[number - 1] as Buffer)).toBe(true)
    }
    expect(await readAttachment(asLarge(whole, length), shown.length + 1)).toBeNull()
    expect(await takenApart(inPieces(whole, length))).toMatchObject({ ...email, whole: true })
  })
  await fc.assert(property, { numRuns: 60 })
})

describe('of a large message', () => {
  const megabyte = `${'x'.repeat(1022)}\r\n`.repeat(1024)
  const mixed = (...parts: string[]): Buffer =>
    Buffer.from(
      ['Content-Type: multipart/mixed; boundary=b\r\n\r\n', ...parts]
        .join('--b\r\n')
        .concat('--b--'),
    )

  test('texts are shown up to a limit, and that they were cut', async () => {
    const whole = mixed(`\r\n${megabyte}`, `\r\n${megabyte}${megabyte}`, '\r\nthe third\r\n')
    const { text = '', whole: all } = await takenApart(inPieces(whole, 100_000))
    expect(all).toBe(false)
    expect(text.length).toBeGreaterThan(TEXT_BYTES_MAX * 0.99)
    expect(text.length).toBeLessThan(TEXT_BYTES_MAX + 10)
    expect(text).not.toContain('third')
  })

  test('a file may be one endless line, and a large message within is a file', async () => {
    const bytes = Buffer.alloc(1_500_000, 'of no sense, ')
    const file = `Content-Transfer-Encoding: base64\r\nContent-Type: image/x\r\n\r\n`
    const inner = `Subject: within\r\n\r\n${megabyte}${megabyte}`
    const within = `Content-Type: message/rfc822\r\n\r\n${inner}`
    const whole = mixed(within, `${file}${bytes.toString('base64')}\r\n`)
    const read = await takenApart(inPieces(whole, 100_000))
    expect(attachmentsOf(read)).toMatchObject([
      { type: 'message/rfc822', size: inner.replaceAll('\r', '').length },
      { type: 'image/x', size: bytes.length },
    ])
    expect(read.text ?? '').not.toContain('within')
    expect((await readAttachment(inPieces(whole, 100_000), 2))?.bytes.equals(bytes)).toBe(true)
  })
})

const HOSTILE: Record<string, string> = {
  'parts within parts within parts': Array.from(
    { length: 300 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  ).join(''),
  'more fields than a message': [
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n',
    `X: ${'y'.repeat(990)}\r\n`.repeat(2_200),
  ].join(''),
  'more parts than anybody reads': [
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n',
    '--b\r\n\r\n'.repeat(6_000),
  ].join(''),
}

test.each(Object.entries(HOSTILE))('%s are shown as one text', async (_, hostile) => {
  const whole = Buffer.from(`Subject: hello\r\nTo: dave@x.example\r\n${hostile}`)
  const read = await takenApart(inPieces(whole, 50_000))
  expect(read).toMatchObject({ subject: 'hello', attachments: [], whole: false })
  expect(read.text?.startsWith('--b')).toBe(true)
})

test('what goes wrong while it is read is no matter of the message', async () => {
  const broken: Bytes = {
    size: 10,
    async *pieces() {
      yield bytesOf('Subject: x')
      throw new Error('its content was cleared away')
    },
  }
  await expect(takenApart(broken)).rejects.toThrow('cleared away')
})
