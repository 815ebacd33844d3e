/**
 * The SMTP clients that people have, unchanged: each sends a message whose lines begin with dots,
 * in 8-bit UTF-8, and its bytes are the tail of what is read.
 */
import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'
import { collect } from '../../../services/runtime/raw.ts'
import { hasTool, PYTHON } from '../../../services/setup/test-tools.mjs'
import { temporaryFile } from '../../support/folder.ts'
import { runOutside } from '../../support/outside-program.ts'
import { FLAWLESS } from '../../support/site.ts'
import { smtpDoors } from '../../support/smtp.ts'

const doors = smtpDoors()

const LETTER = [
  'From: Ann <ann@far.example>',
  'To: dave',
  'Subject: =?utf-8?Q?Caf=C3=A9?= by a client',
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: 8bit',
  '',
  '.',
  '..',
  'Zoë says ½ past.',
  '',
].join('\r\n')

interface Client {
  tool: string | null
  /** Sends the letter; what it printed. */
  send(to: string, letter: string): Promise<string>
}

const url = () => `smtp://127.0.0.1:${doors.port}`

const CLIENTS: Record<string, Client> = {
  nodemailer: {
    tool: null,
    async send(to, letter) {
      const transport = createTransport(url())
      const envelope = {
        from: 'ann@far.example',
        to,
        dsn: { id: 'letter-1', return: 'headers', notify: ['failure'], recipient: `rfc822;${to}` },
      }
      const sent = await transport.sendMail({ envelope, raw: letter })
      transport.close()
      return sent.response
    },
  },
  swaks: {
    tool: 'swaks',
    async send(to, letter) {
      const server = ['--server', '127.0.0.1', '--port', `${doors.port}`, '--no-data-fixup']
      const dotted = `${letter.replaceAll('\r\n.', '\r\n..')}.\r\n`
      const data = ['--from', 'ann@far.example', '--to', to, '--data', `@${temporaryFile(dotted)}`]
      const ended = await runOutside('swaks', [...server, ...data])
      expect(ended.code, ended.stdout + ended.stderr).toBe(0)
      return ended.stdout
    },
  },
  curl: {
    tool: 'curl',
    async send(to, letter) {
      const envelope = ['--mail-from', 'ann@far.example', '--mail-rcpt', to]
      const args = ['-sv', url(), ...envelope, '--upload-file', '-']
      const ended = await runOutside('curl', args, letter)
      expect(ended.code, ended.stderr).toBe(0)
      return ended.stderr
    },
  },
  smtplib: {
    tool: 'python3-flufl.bounce',
    async send(to, letter) {
      const script = `
import smtplib, sys
with smtplib.SMTP('127.0.0.1', ${doors.port}) as server:
    server.ehlo()
    server.mail('ann@far.example', ['BODY=8BITMIME', 'RET=FULL'])
    server.rcpt('${to}', ['NOTIFY=SUCCESS,FAILURE'])
    print(server.data(sys.stdin.buffer.read()))`
      const ended = await runOutside(PYTHON, ['-c', script], letter)
      expect(ended.code, ended.stderr).toBe(0)
      return ended.stdout
    },
  },
}

for (const [name, { tool, send }] of Object.entries(CLIENTS)) {
  test.runIf(tool === null || hasTool(tool))(`${name} sends, and its bytes arrive`, async () => {
    const site = await doors.open()
    const told = await send(`dave@${site}.example`, LETTER)
    const id = /accepted as ([0-9a-f-]{36})/.exec(told)?.[1] as string
    expect(id, told).toBeDefined()
    expect(await doors.settled(site, id)).toMatchObject([{ outcome: 'delivered' }])
    const raw = await collect(await doors.emulator.rawItem(site, 'dave', id))
    expect(raw.toString().slice(-LETTER.length)).toBe(LETTER)
    const { text, subject } = await doors.emulator.item(site, 'dave', id)
    expect(subject).toBe('Café by a client')
    expect(text).toContain('Zoë says ½ past.')
    expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 1 })
  })
}
