/**
 * A report as mail, read back by three parsers that are not ours: postal-mime, Python's own email
 * package, and flufl.bounce, which mailing lists trust.
 */
import PostalMime from 'postal-mime'
import { describe, expect, test } from 'vitest'
import type { ReportFacts } from '../../../machines/told.ts'
import { type Original, RETURNED_BYTES_MAX, renderReport } from '../../../services/mime/report.ts'
import { hasTool } from '../../../services/setup/test-tools.mjs'
import { readByOthers } from '../../support/bounce-readers.ts'
import { bytesOf } from '../../support/bytes.ts'

const SITE = { name: 'demo', domain: 'demo.example' }
const AT = Date.UTC(1999, 8, 14, 10, 7, 29)

const FACTS: ReportFacts = {
  message: '01a2-3',
  entry: '1',
  recipient: 'anna@demo.example',
  address: 'anna',
  code: { reason: 1, diagnostic: 0 },
  subject: 'Lunch?',
  sentAt: AT,
  failedAt: AT + 60_000,
  server: 'nyc',
}

const original = (bytes: Buffer): Original => ({
  size: bytes.length,
  first: bytes,
  broughtBy: { helo: 'client.example', address: '192.0.2.1' },
  async *pieces() {
    yield bytes
  },
})

const LETTER = bytesOf('From: carol@demo.example\r\nSubject: Lunch?\r\n\r\nAt noon.\r\n')

async function rendered(facts: Partial<ReportFacts> = {}, bytes: Buffer | null = LETTER) {
  const about = bytes && original(bytes)
  const { size, pieces } = renderReport('01a2-3.1', 'carol', { ...FACTS, ...facts }, about, SITE)
  const all: Buffer[] = []
  for await (const piece of pieces()) all.push(piece)
  const whole = Buffer.concat(all)
  expect(whole.length).toBe(size)
  return whole
}

/** The fields of a delivery status, by group. */
function statusOf(whole: Buffer): Record<string, string>[] {
  const part =
    /message\/delivery-status\r\n\r\n([\s\S]*?)\r\n--=_/.exec(whole.toString())?.[1] ?? ''
  return part
    .trim()
    .split('\r\n\r\n')
    .map((group) =>
      Object.fromEntries(
        group
          .replace(/\r\n[ \t]+/g, ' ')
          .split('\r\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      ),
    )
}

describe('a failure', () => {
  test('is told to people as Exchange 5.5 told it', async () => {
    const email = await PostalMime.parse(await rendered())
    expect(email.subject).toBe('Undeliverable: Lunch?')
    expect(email.from).toMatchObject({ name: 'System Administrator' })
    expect(email.text?.split('\n').slice(0, 12)).toEqual([
      'Your message did not reach some or all of the intended recipients.',
      '',
      '      Subject:  Lunch?',
      '      Sent:     9/14/99 10:07 AM',
      '',
      'The following recipient(s) could not be reached:',
      '',
      '      anna@demo.example on 9/14/99 10:08 AM',
      '            The recipient name is not recognized',
      '            The MTS-ID of the original message is: 01a2-3',
      '            MSEXCH:MSExchangeMTA:demo:nyc',
      '',
    ])
  })

  test('is told to programs with the codes of X.400 and of RFC 3463', async () => {
    expect(statusOf(await rendered())).toEqual([
      {
        'Reporting-MTA': 'dns; nyc.demo.example',
        'Received-From-MTA': 'dns; client.example',
        'Arrival-Date': 'Tue, 14 Sep 1999 10:07:29 +0000',
      },
      {
        'Final-Recipient': 'rfc822; anna@demo.example',
        Action: 'failed',
        Status: '5.1.1',
        'Diagnostic-Code':
          'x400; Reason 1 (unable-to-transfer); Diagnostic 0 (unrecognized-OR-name)',
        'Last-Attempt-Date': 'Tue, 14 Sep 1999 10:08:29 +0000',
      },
    ])
  })

  test('names whom the originator meant, and where it had been redirected to', async () => {
    const facts = { history: ['anna', 'bob'], address: 'carl', orcpt: 'rfc822;Anna@old.example' }
    const asked = { envelopeId: 'letter 7' }
    const [message, recipient] = statusOf(await rendered({ ...facts, asked }))
    expect(message).toMatchObject({ 'Original-Envelope-Id': 'letter 7' })
    expect(recipient).toMatchObject({
      'Original-Recipient': 'rfc822; Anna@old.example',
      'Final-Recipient': 'rfc822; anna@demo.example',
      'X400-Redirection-History': expect.stringContaining('rfc822; bob@demo.example; Recipient'),
      'X400-Redirect-Recipient': 'rfc822; carl@demo.example',
    })
  })

  test('of several has a block for each, for people and for programs', async () => {
    const eve = { entry: '2', recipient: 'eve@far.example', address: 'eve@far.example' }
    const failed = { code: { reason: 0, diagnostic: 2 }, failedAt: AT + 120_000 }
    const whole = await rendered({ history: ['anna'], others: [{ ...eve, ...failed }] })
    const [, first, second] = statusOf(whole)
    expect(first).toMatchObject({ 'Final-Recipient': 'rfc822; anna@demo.example' })
    expect(first).toHaveProperty('X400-Redirect-Recipient')
    expect(second).toEqual({
      'Final-Recipient': 'rfc822; eve@far.example',
      Action: 'failed',
      Status: '4.4.0',
      'Diagnostic-Code': 'x400; Reason 0 (transfer-failure); Diagnostic 2 (MTS-congestion)',
      'Last-Attempt-Date': 'Tue, 14 Sep 1999 10:09:29 +0000',
    })
    expect((await PostalMime.parse(whole)).text?.split('\n').slice(7, 15)).toEqual([
      '      anna@demo.example on 9/14/99 10:08 AM',
      '            The recipient name is not recognized',
      '            The MTS-ID of the original message is: 01a2-3',
      '            MSEXCH:MSExchangeMTA:demo:nyc',
      '      eve@far.example on 9/14/99 10:09 AM',
      expect.stringContaining('due to congestion'),
      '            The MTS-ID of the original message is: 01a2-3',
      '            MSEXCH:MSExchangeMTA:demo:nyc',
    ])
  })

  test('of transfer has no diagnostic', async () => {
    const [, recipient] = statusOf(await rendered({ code: { reason: 0, diagnostic: -1 } }))
    expect(recipient).toMatchObject({
      Status: '4.4.0',
      'Diagnostic-Code': 'x400; Reason 0 (transfer-failure)',
    })
  })
})

describe('the message comes back', () => {
  const large = Buffer.concat([LETTER, Buffer.alloc(RETURNED_BYTES_MAX, 0x78)])
  test.each<[string, Partial<ReportFacts>, Buffer, boolean]>([
    ['whole without RET', {}, LETTER, true],
    ['as its header when it is large', {}, large, false],
    ['whole with RET=FULL, however large', { asked: { ret: 'full' } }, large, true],
    ['as its header with RET=HDRS', { asked: { ret: 'headers' } }, LETTER, false],
  ])('%s', async (_name, facts, bytes, whole) => {
    const text = (await rendered(facts, bytes)).toString('latin1')
    const type = whole ? 'message/rfc822' : 'text/rfc822-headers'
    expect(text).toContain(`Content-Type: ${type}\r\n`)
    expect(text.includes(bytes.toString('latin1'))).toBe(whole)
    expect(text).toContain('Subject: Lunch?\r\n')
  })

  test('in its own bytes, whatever they are', async () => {
    const bytes = bytesOf('Subject: caf\xe9\r\n\r\n\xff\xfe.\r\n')
    const whole = await rendered({}, bytes)
    expect(whole.includes(bytes)).toBe(true)
    expect(whole.toString('latin1')).toContain('Content-Type: message/global\r\n')
  })

  test('not at all when it is no longer kept', async () => {
    const text = (await rendered({}, null)).toString()
    expect(text).not.toMatch(/rfc822\r\n|Received-From-MTA/)
    expect(text.endsWith('--\r\n')).toBe(true)
  })
})

const SUBJECTS: [name: string, subject: string, shown: string][] = [
  ['any script', 'Обед 午餐 غداء 🍜 café', 'Обед 午餐 غداء 🍜 café'],
  ['nothing', '', ''],
  ['what looks encoded', '=?utf-8?Q?not=20me?=', '=?utf-8?Q?not=20me?='],
  ['a line that would not fold', 'x'.repeat(900), 'x'.repeat(900)],
  ['900 emoji', '🍜'.repeat(900), '🍜'.repeat(900)],
  ['line breaks and a header', 'a\r\nBcc: e@x.example\r\n\r\nb', 'a Bcc: e@x.example b'],
  ['control characters', 'a\0b\u001b[31mc\u0085d\u2028e', 'a b [31mc d e'],
  ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
]

test.each(SUBJECTS)('a subject of %s comes out right', async (_name, subject, shown) => {
  const whole = await rendered({ subject })
  const email = await PostalMime.parse(whole)
  expect(email.subject).toBe(`Undeliverable: ${shown}`.trim())
  expect(email.headers.filter(({ key }) => key === 'bcc')).toEqual([])
  const header = whole.toString('latin1').split('\r\n\r\n')[0] ?? ''
  for (const line of header.split('\r\n')) expect(line.length).toBeLessThanOrEqual(78)
  expect(header).toMatch(/^[\t\r\n -~]*$/)
})

test.each([
  ['"a b"@demo.example', 'rfc822; "a b"@demo.example'],
  ['zoë@demo.example', 'utf-8; zo\\x{EB}@demo.example'],
  ['午@餐.example', 'utf-8; \\x{5348}@\\x{9910}.example'],
])('the recipient %s is written as programs read it', async (recipient, typed) => {
  const [, fields] = statusOf(await rendered({ recipient }))
  expect(fields).toMatchObject({ 'Final-Recipient': typed })
})

const flufl = test.runIf(hasTool('python3-flufl.bounce'))

flufl('flufl.bounce and the email package read the failure of a recipient', async () => {
  const read = await readByOthers(await rendered({ subject: 'Обед' }))
  expect(read).toMatchObject({
    permanent: ['anna@demo.example'],
    temporary: [],
    scanned: ['anna@demo.example'],
    defects: [],
    types: ['text/plain', 'message/delivery-status', 'message/rfc822'],
  })
  expect(read.groups[1]).toMatchObject({ Action: 'failed', Status: '5.1.1' })
})

test('a report is built in under a millisecond', async () => {
  const count = 2_000
  const about = original(LETTER)
  const round = (): number => {
    const start = process.cpuUsage()
    for (let i = 0; i < count; i++) renderReport('01a2-3.1', 'carol', FACTS, about, SITE)
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1_000 / count
  }
  round()
  const each = round()
  console.log(`a report is built in ${each.toFixed(3)} ms of processor time`)
  expect(each).toBeLessThan(1)
})
