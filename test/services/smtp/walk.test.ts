/** One message by SMTP through the real queues, as one would type it. */
import { expect, test } from 'vitest'
import { collect } from '../../../services/runtime/raw.ts'
import { FLAWLESS } from '../../support/site.ts'
import { dialogue, smtpDoors } from '../../support/smtp.ts'

const doors = smtpDoors()

const LETTER = 'From: Ann <ann@far.example>\r\nSubject: Hello\r\n\r\n..dots\r\nend\r\n'

test('a message goes from MAIL to its mailbox, and 250 has its id', async () => {
  const site = await doors.open()
  const client = await dialogue(doors.port)
  const offered = await client.say('EHLO client.example')
  for (const extension of ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'DSN']) {
    expect(offered).toMatch(new RegExp(`^250.${extension}$`, 'm'))
  }
  expect(offered).toMatch(/^250.SIZE 26214400$/m)
  expect(offered).not.toMatch(/STARTTLS|AUTH/)
  expect(await client.say('MAIL FROM:<ann@far.example>')).toBe('250 2.1.0 Accepted')
  expect(await client.say(`RCPT TO:<dave@${site}.example>`)).toBe('250 2.1.5 Accepted')
  expect(await client.say('DATA')).toMatch(/^354 /)
  client.write(LETTER.replace('\r\n..dots', '\r\n...dots'))
  const reply = await client.say('.')
  const id = /^250 [\d.]+ OK: accepted as (\S+)$/.exec(reply)?.[1] ?? reply
  expect(await client.say('QUIT')).toMatch(/^221 /)

  expect(await doors.settled(site, id)).toMatchObject([{ outcome: 'delivered' }])
  const raw = (await collect(await doors.emulator.rawItem(site, 'dave', id))).toString()
  expect(raw.endsWith(LETTER)).toBe(true)
  const trace = raw.slice(0, -LETTER.length)
  expect(trace.split('\r\n').filter((line) => /^\S/.test(line))).toEqual([
    'Return-Path: <ann@far.example>',
    `Received: from nyc.${site}.example`,
    expect.stringMatching(/^X400-Received: by mta lon in /),
    'Received: from client.example ([127.0.0.1])',
    expect.stringMatching(/^X400-Received: by mta nyc in /),
  ])
  expect(trace).toContain(`with ESMTP id ${id};`)
  expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 1, delivered: 1 })
})

test('a stranger in a known site is accepted, and reported to whoever wrote', async () => {
  const site = await doors.open()
  const client = await dialogue(doors.port)
  await client.say('EHLO client.example')
  await client.say('MAIL FROM:<ann@far.example> RET=HDRS ENVID=letter+2B7')
  const rcpt = `RCPT TO:<nobody@${site}.example> NOTIFY=FAILURE ORCPT=rfc822;Nobody@old.example`
  expect(await client.say(rcpt)).toMatch(/^250 /)
  await client.say('DATA')
  client.write(LETTER)
  const id = /accepted as (\S+)$/.exec(await client.say('.'))?.[1] as string
  expect(await doors.settled(site, id)).toMatchObject([{ outcome: 'reported' }])
  const page = { offset: 0, limit: 10 }
  const { items } = await doors.emulator.items(site, 'outside', page)
  expect(items).toMatchObject([{ kind: 'report', from: '', subject: 'Undeliverable: Hello' }])
  const report = await collect(
    await doors.emulator.rawItem(site, 'outside', items[0]?.id as string),
  )
  const lines = report.toString().split('\r\n')
  for (const line of [
    'Return-Path: <>',
    'To: <ann@far.example>',
    'Subject: Undeliverable: Hello',
    'The following recipient(s) could not be reached:',
    '            The recipient name is not recognized',
    'Original-Envelope-Id: letter+7',
    'Received-From-MTA: dns; client.example',
    'Original-Recipient: rfc822; Nobody@old.example',
    `Final-Recipient: rfc822; nobody@${site}.example`,
    'Action: failed',
    'Status: 5.1.1',
    'Content-Type: text/rfc822-headers',
    'From: Ann <ann@far.example>',
  ]) {
    expect(lines).toContain(line)
  }
  expect(lines).not.toContain('end')
  expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 1, reported: 1 })
})
