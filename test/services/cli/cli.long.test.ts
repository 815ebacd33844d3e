/**
 * `undeliverable`: each command against a service, for a person and for a program, and its exit
 * status.
 */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lab, startLab } from '../../../services/kit/lab.ts'
import { hasTool } from '../../../services/setup/test-tools.mjs'
import { temporaryFile } from '../../support/folder.ts'
import { plainEnvironment, startCommand, startProgram } from '../../support/program.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startLab({ profile: 'exchange-5.5-sp3', redisUrl: '' })
})
afterAll(() => lab.close())

const MAIN = 'services/cli/main.ts'

const environment = () => plainEnvironment({ UNDELIVERABLE_URL: lab.client.url })

async function cli(...args: string[]) {
  const run = startProgram([MAIN, ...args], environment())
  const { code } = await run.ended
  return { code, text: run.lines.join('\n') }
}

/** The same for a program: what it is answered. */
async function asked(...args: string[]) {
  const { code, text } = await cli(...args, '--json')
  return { code, answer: JSON.parse(text) }
}

test('a site is made, shown, listed, changed and deleted', async () => {
  const mailboxes = ['ann@a+ben', 'ben@b', 'cid@b>ben'].flatMap((text) => ['--mailbox', text])
  expect(await cli('site', 'create', 'own', ...mailboxes, '--profile', 'modern')).toEqual({
    code: 0,
    text: 'own is there: a, b; 3 mailboxes',
  })
  const members = ['ann', ...Array.from({ length: 11 }, (_, i) => `p${i}@far.example`)]
  await lab.client.site('own').lists.put('all', { members })
  expect((await cli('site', 'show', '--site', 'own')).text.split('\n')).toEqual([
    'own  modern (no defect)',
    '  ann      a +ben',
    '  ben      b',
    '  cid      b >ben',
    '  outside  a',
    `  all      list: ${members.slice(0, 10).join(', ')}, and 2 more`,
  ])
  expect((await asked('site')).answer).toMatchObject([{ name: 'lab' }, { name: 'own' }])
  const changed = await cli('site', 'profile', 'exchange-5.5-sp3', '--site', 'own')
  expect(changed.text).toBe('own runs as exchange-5.5-sp3')
  expect(await asked('site', 'delete', '--site', 'own')).toEqual({
    code: 0,
    answer: { deleted: 'own' },
  })
})

test('mail is lost when a move is held and released, and the audit exits 1', async () => {
  const here = ['--site', 'lab']
  await lab.clock.stop()
  const sound = await cli('audit', ...here)
  expect(sound).toEqual({ code: 0, text: '0 obligations: 0 lost' })
  const held = await cli('hold', 'anna', 'lon', ...here)
  expect(held).toEqual({ code: 0, text: 'anna  nyc → lon  ██░░░░░░░░░░░░░░░░░░  locked, held' })
  const sent = await asked('send', 'carol', 'anna', '--subject', 'lunch?', ...here)
  expect(sent).toMatchObject({ code: 0, answer: { recipients: ['anna'] } })
  await expect
    .poll(async () => (await lab.message(sent.answer.id)).recipients)
    .toContainEqual(expect.objectContaining({ address: 'anna', state: 'deferred' }))
  const released = await cli('release', 'anna', ...here)
  expect(released).toEqual({ code: 0, text: `anna  nyc → lon  ${'█'.repeat(20)}  completed` })
  const { code, text } = await cli('audit', '--idle', ...here)
  expect(code).toBe(1)
  expect(text).toContain('2 obligations: 1 delivered, 1 lost\n  LOST anna, message ')
  expect(await asked('audit', ...here)).toMatchObject({ code: 1, answer: { delivered: 1 } })
  const again = await cli('release', 'anna', ...here)
  expect(again).toEqual({ code: 2, text: 'no move of anna is held' })
})

test('what is waited for has its end: a message, and a move', async () => {
  const here = ['--site', 'lab']
  await lab.clock.run()
  const file = temporaryFile('Subject: whole\r\n\r\nAs it is.\r\n')
  const sent = await cli('send', 'carol', 'dave', '--raw', file, '--wait', ...here)
  expect(sent.code).toBe(0)
  expect(sent.text).toMatch(/^accepted as \S+\n {2}dave: delivered after 1 attempt$/)
  const moved = await asked('move', 'dave', 'nyc', '--wait', ...here)
  expect(moved).toMatchObject({ code: 0, answer: { mailbox: 'dave', state: 'completed' } })
})

test('what is watched is told, event by event', async () => {
  const run = startProgram([MAIN, 'watch', '--site', 'lab', '--json'], environment())
  const heard = run.line(/"event":"mail.submitted"/)
  // It listens from now on, and nobody says when that is: so there is always something to hear.
  const sending = setInterval(() => void lab.send({ from: 'carol', to: ['bob'] }), 200)
  const line = await heard.finally(() => clearInterval(sending))
  expect(JSON.parse(line)).toMatchObject({ kind: 'entry', entry: { event: 'mail.submitted' } })
  run.child.kill('SIGINT')
  expect(await run.ended).toMatchObject({ code: 0 })
})

describe('what cannot be done is said in words', () => {
  test.each([
    [['frobnicate'], 2, /^There is no command 'frobnicate'/],
    [[], 2, /^usage: undeliverable COMMAND/],
    [['move', 'anna'], 2, /^usage: undeliverable move MAILBOX SERVER$/],
    [['audit', '--fast'], 2, /--fast/],
    [['site', 'create', 'x', '--mailbox', 'ann'], 2, /ann is not ALIAS@SERVER/],
    [['audit', '--site', 'nowhere'], 2, /404 unknown-site/],
    [['audit', '--url', 'http://127.0.0.1:9'], 2, /unreachable: .* Is it started\?/],
    [['move', 'anna', 'lon', '--url', 'http://127.0.0.1:9'], 1, /unreachable: /],
    [['scenario', 'no-such'], 2, /no-such/],
  ])('%j', async (args, code, words) => {
    const ended = await cli(...args)
    expect(ended.text).toMatch(words)
    expect(ended.code).toBe(code)
  })
})

test('a program is told what was refused as JSON', async () => {
  expect(await asked('move', 'nobody', 'lon', '--site', 'lab')).toMatchObject({
    code: 1,
    answer: { code: 'unknown-mailbox', status: 404, call: 'POST /sites/lab/moves' },
  })
})

test('it says what there is, and how each is used', async () => {
  const { text } = await cli('--help')
  const names = [...text.matchAll(/^ {2}(\w+) {2}/gm)].map(([, name]) => name)
  expect(names).toEqual([
    ...['start', 'site', 'import', 'prefill', 'send', 'move', 'hold', 'release', 'batch'],
    ...['watch', 'audit', 'scenario', 'check', 'simulate', 'replay', 'conform', 'shrink'],
    ...['chaos', 'token', 'bench', 'diff', 'completion'],
  ])
  expect((await cli('hold', '--help')).text).toContain('--at PHASE')
  expect((await cli('check', '--help')).text).toContain('--crashes')
  expect((await cli('--version')).text).toMatch(/^\d+\.\d+\.\d+$/)
})

test('bash completes commands, verbs and options', async () => {
  const { text } = await cli('completion', 'bash')
  const complete = async (...typed: string[]): Promise<string[]> => {
    const line = typed.map((word) => `'${word}'`).join(' ')
    const script = `${text}
COMP_WORDS=(undeliverable ${line}); COMP_CWORD=${typed.length}; _undeliverable
printf '%s\\n' "\${COMPREPLY[@]}"`
    const run = startCommand('bash', ['--norc', '-c', script], process.env)
    await once(run.child, 'close')
    return run.lines
  }
  expect(await complete('re')).toEqual(['release', 'replay'])
  expect(await complete('site', 'c')).toEqual(['create'])
  expect(await complete('send', '--s')).toEqual(['--subject', '--site'])
  expect(await complete('check', '--ret')).toEqual(['--retries'])
  expect(await complete('start', '--smtp-p')).toEqual(['--smtp-port'])
  expect(await complete('start', '--js')).toEqual(['--json'])
  expect(await complete('check', 'q2488')).toEqual(['q248839'])
  expect(await complete('check', 'q248839', '--profile', 'p')).toEqual(['postfix'])
  expect(await complete('site', 'profile', 'c')).toEqual(['cyrus'])
  expect(await complete('hold', 'anna', 'lon', '--at', 'c')).toContain('committed')
  expect(await complete('completion', '')).toEqual(['bash', 'zsh', '--help'])
})

describe.runIf(hasTool('zsh'))('zsh', () => {
  test('completes commands, verbs and options', async () => {
    const { text } = await cli('completion', 'zsh')
    const offered = async (...typed: string[]): Promise<string[]> => {
      const words = `words=(undeliverable ${typed.join(' ')} ''); CURRENT=${typed.length + 2}`
      // What is offered is printed instead; its own completion needs a person's terminal.
      const own = 'compdef() { }; _files() { }; compadd() { shift; print -l -- "$@" }'
      const run = startCommand('zsh', ['-f', '-c', `${own}\n${text}\n${words}\n_undeliverable`])
      expect(await run.ended).toMatchObject({ code: 0 })
      return run.lines
    }
    expect(await offered()).toContain('release')
    expect(await offered('site')).toEqual(
      expect.arrayContaining(['list', 'show', 'create', 'profile', 'delete', '--servers']),
    )
    expect(await offered('send')).toContain('--subject')
    expect(await offered('scenario')).toEqual(expect.arrayContaining(['q248839', '--junit']))
    expect(await offered('site', 'create', 'x', '--profile')).toContain('exchange-5.5-sp4')
    expect(await offered('hold', 'anna', 'lon', '--at')).toContain('locked')
  })
})
