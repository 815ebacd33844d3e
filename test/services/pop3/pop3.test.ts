/** Mailboxes by POP3: read and deleted with Python's poplib and with curl, and line by line. */
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { LINE_BYTES_MAX } from '../../../services/pop3/limits.ts'
import { listenPop3, type Pop3, type Pop3Options } from '../../../services/pop3/listener.ts'
import { collect } from '../../../services/runtime/raw.ts'
import { hasTool, PYTHON } from '../../../services/setup/test-tools.mjs'
import { madeCertificate } from '../../../services/smtp/certificate.ts'
import { bytesOf } from '../../support/bytes.ts'
import { temporaryFile } from '../../support/folder.ts'
import { runOutside } from '../../support/outside-program.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()
let door: Pop3

const open = (options: Partial<Pop3Options> = {}) =>
  listenPop3({
    store: sites.emulator,
    host: '127.0.0.1',
    port: 0,
    log: (line) => {
      throw new Error(line)
    },
    ...options,
  })

beforeAll(async () => {
  door = await open()
})
afterAll(() => door.close())

const LETTER = bytesOf('Subject: caf\xe9\r\n\r\n.\r\n..\r\nx.\r\n.y\r\n')

/** A site in which dave has so many of the letter. */
async function siteWith(count: number, letter = LETTER): Promise<string> {
  const site = await sites.open()
  const mail = { from: 'carol', to: ['dave'] }
  for (let i = 0; i < count; i++) {
    const incoming = { pieces: [letter], strict: true }
    const { id } = await sites.emulator.accept(site, mail, undefined, incoming)
    await sites.settled(site, id)
  }
  return site
}

/**
 * Everything that the door says, once it has closed, to these lines sent at once; but what is to
 * happen between two of them waits until those before it have been answered.
 */
async function said(lines: (string | (() => Promise<void>))[], port = door.port): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const pieces: Buffer[] = []
  socket.on('data', (bytes) => pieces.push(bytes))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const heard = () => Buffer.concat(pieces).toString('latin1').split('\r\n').length - 1
  for (const [i, line] of lines.entries()) {
    if (typeof line === 'string') socket.write(`${line}\r\n`)
    else {
      await expect.poll(heard, soon).toBe(i + 1)
      await line()
    }
  }
  await closed
  return Buffer.concat(pieces).toString('latin1')
}

const permitted = (password: string) =>
  password === 'a-token' ? 'reads and deletes' : password === 'a-reader' ? 'reads' : null

const login = (site: string, alias = 'dave') => [`USER ${alias}@${site}.example`, 'PASS any']

test('what is pipelined is answered in order, to the byte', async () => {
  const site = await siteWith(1)
  const { items } = await sites.emulator.items(site, 'dave', { offset: 0, limit: 1 })
  const id = items[0]?.id ?? ''
  const raw = await collect(await sites.emulator.rawItem(site, 'dave', id))
  const lines = ['STAT', 'LIST', 'LIST 1', 'UIDL', 'UIDL 1', 'RETR 1', 'TOP 1 1', 'QUIT']
  const dotted = raw.toString('latin1').replace(/^\./gm, '..')
  const top = `${dotted.slice(0, dotted.indexOf('\r\n\r\n'))}\r\n\r\n..\r\n`
  expect(await said([...login(site), ...lines])).toBe(
    [
      '+OK Undeliverable',
      '+OK and the password?',
      '+OK 1 messages',
      `+OK 1 ${raw.length}`,
      `+OK 1 messages\r\n1 ${raw.length}\r\n.`,
      `+OK 1 ${raw.length}`,
      `+OK 1 messages\r\n1 ${id}\r\n.`,
      `+OK 1 ${id}`,
      `+OK ${raw.length} octets\r\n${dotted}.`,
      `+OK the top of it\r\n${top}.`,
      '+OK bye\r\n',
    ].join('\r\n'),
  )
})

test('a message of several pieces, and one without a line end, arrive whole', async () => {
  const large = bytesOf(`Subject: x\r\n\r\n${'.x\r\n'.repeat(200_000)}end`)
  const site = await siteWith(1, large)
  const answer = await said([...login(site), 'RETR 1', 'TOP 1 0', 'QUIT'])
  const dotted = large.toString('latin1').replace(/^\./gm, '..')
  expect(answer.includes(`${dotted}\r\n.\r\n+OK the top of it\r\n`)).toBe(true)
  expect(answer.endsWith('Subject: x\r\n\r\n.\r\n+OK bye\r\n')).toBe(true)
})

test('what is deleted is gone at the end of the session, and is no loss', async () => {
  const site = await siteWith(3)
  expect(await said([...login(site), 'DELE 2', 'RSET', 'QUIT'])).toMatch(/nothing is deleted/)
  expect(await sites.subjects(site, 'dave')).toHaveLength(3)
  const answer = await said([...login(site), 'DELE 2', 'DELE 2', 'UIDL', 'QUIT'])
  expect(answer.split('\r\n').map((line) => line.split(' ')[0])).toEqual([
    '+OK',
    '+OK',
    '+OK',
    '+OK',
    '-ERR',
    '+OK',
    '1',
    '3',
    '.',
    '+OK',
    '',
  ])
  expect(await sites.subjects(site, 'dave')).toHaveLength(2)
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 3, delivered: 3 })
})

test('nobody logs on or deletes while the mailbox is being moved, and that is said', async () => {
  const site = await siteWith(1)
  let id = ''
  const begin = async () => {
    const spec = { mailbox: 'dave', to: 'nyc', holdAt: 'locked' } as const
    id = (await sites.emulator.startMove(site, spec)).id
    await sites.moveIn(site, id, { held: true })
  }
  const before = await said([...login(site), 'DELE 1', begin, 'QUIT'])
  expect(before).toMatch(/^-ERR \[IN-USE\] the mailbox is being moved: 1 were not deleted\r\n$/m)
  const during = await said([...login(site), 'QUIT'])
  expect(during).toMatch(/^-ERR \[IN-USE\] The mailbox dave is being moved\.\r\n\+OK bye/m)
  await sites.emulator.releaseMove(site, id)
  await sites.moveIn(site, id, { phase: 'completed' })
  expect(await sites.subjects(site, 'dave')).toHaveLength(1)
  expect(await said([...login(site), 'DELE 1', 'QUIT'])).toMatch(/\+OK bye/)
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 1, delivered: 1 })
})

test.each([
  [['STAT', 'QUIT'], /-ERR USER and PASS come first/],
  [['PASS x', 'QUIT'], /-ERR USER comes first/],
  [['USER nobody@nowhere.example', 'PASS x', 'QUIT'], /-ERR \[AUTH\] there is no such mailbox/],
  [['USER dave', 'PASS x', 'QUIT'], /-ERR \[AUTH\] there is no such mailbox/],
  [['CAPA', 'QUIT'], /\r\nUIDL\r\nTOP\r\n/],
  [['QUIT'], /\+OK bye/],
  [['x'.repeat(LINE_BYTES_MAX + 1)], /-ERR that line is too long/],
])('%s', async (lines, answer) => {
  expect(await said(lines)).toMatch(answer)
})

test.each(['RETR 2', 'RETR', 'RETR -1', 'TOP 1', 'DELE 9', 'LIST 9', 'UIDL 9', 'APPEND x', ''])(
  '%j is an error, and the session goes on',
  async (line) => {
    const site = await siteWith(1)
    expect(await said([...login(site), line, 'NOOP', 'QUIT'])).toMatch(
      /-ERR .*\r\n\+OK\r\n\+OK bye/,
    )
  },
)

test('with tokens a password must be one that may read; three wrong ones end it', async () => {
  const guarded = await open({ permitted, clearAuth: true })
  onTestFinished(guarded.close)
  const site = await siteWith(1)
  const user = `USER dave@${site}.example`
  const wrong = await said([user, 'PASS 1', 'PASS 2', 'PASS 3', 'NOOP'], guarded.port)
  expect(wrong.match(/-ERR \[AUTH\]/g)).toHaveLength(3)
  const right = await said([user, 'PASS 1', 'PASS a-token', 'STAT', 'QUIT'], guarded.port)
  expect(right).toMatch(/\+OK 1 messages\r\n\+OK 1 \d+\r\n/)
  const reader = await said([user, 'PASS a-reader', 'DELE 1', 'RETR 1', 'QUIT'], guarded.port)
  expect(reader).toMatch(/-ERR \[AUTH\] that password may only read\r\n\+OK \d+ octets/)
  expect(await sites.subjects(site, 'dave')).toHaveLength(1)
})

test('beyond loopback a password is taken behind STLS only', async () => {
  const certificate = await madeCertificate('localhost', Date.now())
  const guarded = await open({ permitted, certificate })
  onTestFinished(guarded.close)
  const site = await siteWith(1)
  const user = `USER dave@${site}.example`
  const clear = await said(['CAPA', user, 'PASS a-token', 'QUIT'], guarded.port)
  expect(clear).toMatch(/\r\nSTLS\r\n\.\r\n\+OK .*\r\n-ERR \[AUTH\] .*STLS/)
  if (!hasTool('python3-flufl.bounce')) return
  const script = `
import poplib, ssl
box = poplib.POP3('localhost', ${guarded.port})
box.stls(ssl.create_default_context(cafile='${temporaryFile(certificate.cert)}'))
assert 'STLS' not in box.capa()
box.user('dave@${site}.example'); box.pass_('a-token')
print(box.stat()[0]); box.quit()`
  const ended = await runOutside(PYTHON, ['-c', script])
  expect([ended.stdout, ended.stderr]).toEqual(['1\n', ''])
})

test('what came behind STLS in the clear is forgotten', async () => {
  const certificate = await madeCertificate('localhost', Date.now())
  const log: string[] = []
  const guarded = await open({ certificate, log: (line) => void log.push(line) })
  onTestFinished(guarded.close)
  const socket = connect(guarded.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes
  })
  socket.write('STLS\r\nCAPA\r\nQUIT\r\n')
  await expect.poll(() => text, soon).toMatch(/\+OK begin\r\n$/)
  await new Promise((resolve) => socket.once('close', resolve).end('no TLS at all'))
  expect(text).toBe('+OK Undeliverable\r\n+OK begin\r\n')
  await expect.poll(() => log, soon).toEqual([expect.stringMatching(/^POP3: .*SSL/)])
})

test('a silent session is closed, and deletes nothing', async () => {
  const impatient = await open({ idleMs: 200 })
  onTestFinished(impatient.close)
  const site = await siteWith(1)
  expect(await said([...login(site), 'DELE 1'], impatient.port)).toMatch(/is deleted at the end/)
  expect(await sites.subjects(site, 'dave')).toHaveLength(1)
})

test.runIf(hasTool('python3-flufl.bounce'))('poplib reads and deletes', async () => {
  const site = await siteWith(2)
  const script = `
import poplib, sys
box = poplib.POP3('127.0.0.1', ${door.port})
box.user('dave@${site}.example'); box.pass_('any')
count, size = box.stat()
assert count == 2 and len(box.uidl()[1]) == 2, box.uidl()
assert sum(int(one.split()[1]) for one in box.list()[1]) == size
lines = box.retr(1)[1]
box.dele(1); box.quit()
sys.stdout.buffer.write(b'\\r\\n'.join(lines))`
  const ended = await runOutside(PYTHON, ['-c', script])
  expect(ended.code, ended.stderr).toBe(0)
  expect(ended.stdout.endsWith('.\r\n..\r\nx.\r\n.y')).toBe(true)
  expect(await sites.subjects(site, 'dave')).toHaveLength(1)
})

test.runIf(hasTool('curl'))('curl reads', async () => {
  const site = await siteWith(1)
  const url = `pop3://127.0.0.1:${door.port}/1`
  const ended = await runOutside('curl', ['-s', '-u', `dave@${site}.example:any`, url])
  expect(ended.code, ended.stderr).toBe(0)
  expect(ended.stdout.endsWith('\r\n.\r\n..\r\nx.\r\n.y\r\n')).toBe(true)
})
