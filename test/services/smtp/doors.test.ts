/** STARTTLS, AUTH and LMTP: what each door may be asked to be. */
import { connect as connectTls } from 'node:tls'
import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'
import { collect } from '../../../services/runtime/raw.ts'
import { madeCertificate } from '../../../services/smtp/certificate.ts'
import { soon } from '../../support/site.ts'
import { dialogue, idIn, sent, smtpDoors } from '../../support/smtp.ts'

const doors = smtpDoors()

describe('STARTTLS', () => {
  test('has a certificate for localhost, and forgets what was said before', async () => {
    const certificate = await madeCertificate('mail.example', Date.now())
    const site = await doors.open()
    const { port } = await doors.door({ certificate })
    const client = await dialogue(port)
    expect(await client.say('EHLO c')).toMatch(/^250.STARTTLS$/m)
    await client.say('MAIL FROM:<>')
    expect(await client.say('STARTTLS')).toMatch(/^220 /)
    client.socket.removeAllListeners('data')
    const secure = connectTls({
      socket: client.socket,
      servername: 'localhost',
      ca: certificate.cert,
    })
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve)
      secure.once('error', reject)
    })
    expect(secure.authorized).toBe(true)
    // What was said in the clear is forgotten (RFC 3207 §4.2).
    secure.write('EHLO c\r\nRCPT TO:<dave@x.example>\r\n')
    await expect.poll(() => String(secure.read() ?? ''), soon).toMatch(/^503 /m)
    secure.end()
    const transport = createTransport({
      port,
      host: 'localhost',
      requireTLS: true,
      tls: { ca: certificate.cert },
    })
    const sent = await transport.sendMail({
      envelope: { from: 'ann@far.example', to: `dave@${site}.example` },
      text: 'x',
    })
    const id = idIn(sent.response)
    await doors.settled(site, id)
    const raw = await collect(await doors.emulator.rawItem(site, 'dave', id))
    expect(raw.toString()).toContain('with ESMTPS id')
    transport.close()
  })
})

describe('AUTH', () => {
  const authenticate = (password: string) => (password === 'a-token' ? 'tests' : null)

  test('is asked for when tokens are set, and a wrong one is refused', async () => {
    const site = await doors.open()
    const { port } = await doors.door({ authenticate, clearAuth: true })
    const client = await dialogue(port)
    expect(await client.say('EHLO c')).toMatch(/^250.AUTH LOGIN PLAIN$/m)
    expect(await client.say('MAIL FROM:<>')).toMatch(/^530 5\.7\.0 /)
    const plain = (password: string) => Buffer.from(`\0user\0${password}`).toString('base64')
    expect(await client.say(`AUTH PLAIN ${plain('wrong')}`)).toMatch(/^535 5\.7\.8 /)
    expect(await client.say(`AUTH PLAIN ${plain('a-token')}`)).toMatch(/^235 /)
    expect(await client.say('MAIL FROM:<>')).toMatch(/^250 /)
    expect(await client.say(`RCPT TO:<dave@${site}.example>`)).toMatch(/^250 /)
  })

  test('is not taken in the clear where others could hear it', async () => {
    const { port } = await doors.door({ authenticate })
    const client = await dialogue(port)
    await client.say('EHLO c')
    expect(await client.say('AUTH PLAIN AHVzZXIAYS10b2tlbg==')).toMatch(/^538 5\.7\.11 /)
  })
})

describe('LMTP', () => {
  test('answers for each recipient, and knows LHLO alone', async () => {
    const site = await doors.open()
    const { port } = await doors.door({ lmtp: true })
    const client = await dialogue(port)
    expect(await client.say('EHLO c')).toMatch(/^500 /)
    expect(await client.say('LHLO c')).toMatch(/^250.DSN$/m)
    await client.say('MAIL FROM:<ann@far.example>')
    await client.say(`RCPT TO:<dave@${site}.example>`)
    await client.say(`RCPT TO:<carol@${site}.example>`)
    expect(await client.say('RCPT TO:<x@elsewhere.example>')).toMatch(/^550 5\.1\.2 /)
    const first = await sent(client, 'a: b\r\n')
    const second = await client.reply()
    expect(idIn(first)).toBe(idIn(second))
    expect(await doors.settled(site, idIn(first))).toMatchObject([
      { outcome: 'delivered' },
      { outcome: 'delivered' },
    ])
    await client.say('MAIL FROM:<>')
    await client.say(`RCPT TO:<dave@${site}.example>`)
    await client.say(`RCPT TO:<bob@${site}.example>`)
    expect(await sent(client, 'a\n\r\n')).toMatch(/^554 5\.6\.0 /)
    expect(await client.reply()).toMatch(/^554 5\.6\.0 /)
    expect(await client.say('NOOP')).toMatch(/^250 /)
  })
})
