/** What a refusal of the service is in SMTP, and what it is not known to be. */
import { expect, test } from 'vitest'
import { PROBLEMS, type ProblemCode, problem } from '../../../services/errors.ts'
import { Refusal, refusalOf } from '../../../services/smtp/replies.ts'
import { begun, sent, smtpDoors } from '../../support/smtp.ts'

const doors = smtpDoors()

test.each<[ProblemCode, number, string]>([
  ['message-too-large', 552, '5.3.4'],
  ['malformed-message', 554, '5.6.0'],
  ['malformed-address', 553, '5.1.3'],
  ['unknown-site', 550, '5.1.2'],
  ['bad-request', 554, '5.6.0'],
  ['unavailable', 451, '4.3.0'],
  ['internal', 451, '4.3.0'],
])('%s is %i %s', (code, reply, status) => {
  const refusal = refusalOf(problem(code, 'why'))
  expect([refusal.responseCode, refusal.message]).toEqual([reply, `${status} why`])
})

test('no problem is told as a success, and only what may pass is put off', () => {
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    const { responseCode, message } = refusalOf(problem(code, 'why'))
    const status: number = PROBLEMS[code].status
    const transient = status >= 500 || status === 429 || code === 'too-many-recipients'
    expect(Math.floor(responseCode / 100), code).toBe(transient ? 4 : 5)
    expect(message.slice(0, 2), code).toBe(`${transient ? 4 : 5}.`)
  }
})

test('a refusal stays what it is', () => {
  const refusal = new Refusal(550, '5.1.1', 'no')
  expect(refusalOf(refusal)).toBe(refusal)
})

test('a fault is put off, told to the log, and the connection goes on', async () => {
  const site = await doors.open()
  const log: string[] = []
  const broken = {
    destination: doors.emulator.destination,
    postmaster: doors.emulator.postmaster,
    accept: async () => {
      throw new Error('the disk is on fire')
    },
  }
  const { port } = await doors.door({ doors: broken, log: (line) => void log.push(line) })
  const client = await begun(port, site)
  expect(await sent(client, 'a: b\r\n')).toMatch(/^451 4\.3\.0 it is not known whether/)
  expect(log).toEqual(['SMTP: the disk is on fire'])
  expect(await client.say('NOOP')).toMatch(/^250 /)
})
