/** `undeliverable` with files of one's own: mailboxes, profiles; mail and moves by the hundred. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lab, startLab } from '../../../services/kit/lab.ts'
import { temporaryFile } from '../../support/folder.ts'
import { plainEnvironment, startProgram } from '../../support/program.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startLab({ redisUrl: '' })
})
afterAll(() => lab.close())

async function cli(...args: string[]) {
  const env = plainEnvironment({ UNDELIVERABLE_URL: lab.client.url })
  const run = startProgram(['services/cli/main.ts', ...args], env)
  const { code } = await run.ended
  return { code, text: run.lines.join('\n') }
}

const EXPORT = `Obj-Class,Alias Name,Directory Name,Home-Server,Alt-Recipient,Deliver-And-Redirect
Mailbox,Ann,Ann,A,Recipients/cn=Ben,1
Mailbox,Ben,Ben,B,,
dl,All,All,,,
`

test('a site is made of an export and of a profile of one’s own', async () => {
  const mailboxes = temporaryFile(EXPORT, 'export.csv')
  const profile = temporaryFile('extends: exchange-5.5-sp4\nstoreRetryMs: 60000\n', 'own.yaml')
  const made = ['--mailboxes', mailboxes, '--profile', profile]
  expect(await cli('site', 'create', 'corp', ...made)).toEqual({
    code: 0,
    text: 'corp is there: a, b; 2 mailboxes\n  1 of the class dl were left out',
  })
  expect((await cli('site', 'show', '--site', 'corp')).text.split('\n')).toEqual([
    'corp  exchange-5.5-sp4+ (no defect)',
    '  ann      a +ben',
    '  ben      b',
    '  outside  a',
  ])
  const other = temporaryFile(EXPORT.replace('Recipients/cn=Ben,1', ','), 'export.csv')
  expect(await cli('import', other, '--site', 'corp')).toEqual({
    code: 0,
    text: '0 mailboxes made, 1 changed, 1 as they were\n  1 of the class dl were left out',
  })
  const broken = temporaryFile(EXPORT.replace('Ben,1', 'Ben,2'), 'export.csv')
  expect(await cli('import', broken, '--site', 'corp')).toEqual({
    code: 2,
    text: `${broken}: line 2, Deliver-And-Redirect: "2" is neither 1 nor 0`,
  })
  const bad = temporaryFile('extends: modern\nhops: 1\n', 'own.yaml')
  expect(await cli('site', 'profile', bad, '--site', 'corp')).toEqual({
    code: 2,
    text: `${bad}: line 2, column 1: a profile has no "hops"`,
  })
})

test('a mailbox is filled, and many are moved', async () => {
  expect(await cli('prefill', 'dave', '25', '--bytes', '100', '--site', 'lab')).toEqual({
    code: 0,
    text: '25 messages accepted for dave',
  })
  expect((await lab.rest()).audit).toMatchObject({ obligations: 25, delivered: 25 })
  const moved = await cli('batch', '--from', 'nyc', '--to', 'lon', '--wait', '--site', 'lab')
  expect(moved.text).toContain('  completed   3\n  rolledBack  0\n  refused     0\n')
  expect(moved.code).toBe(0)
  const again = await cli('batch', 'anna', '--to', 'lon', '--wait', '--site', 'lab')
  expect(again.text).toContain('  anna → lon: refused, The mailbox anna is on lon already.')
  expect(again.code).toBe(1)
  expect(await cli('batch', 'anna', '--site', 'lab')).toEqual({
    code: 2,
    text: 'usage: undeliverable batch [MAILBOX... | show ID | cancel ID] --to SERVER',
  })
})
