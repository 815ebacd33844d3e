/**
 * A suite for a program of somebody's own, a mailbox migrator: it and its tests speak to the
 * emulator by HTTP alone, so both could be in any language.
 */
import { fileURLToPath } from 'node:url'
import { startLab } from 'undeliverable/lab'
import { expect, onTestFinished, test } from 'vitest'
import { runOutside } from '../support/outside-program.ts'
import { startCommand } from '../support/program.ts'

const MIGRATOR = fileURLToPath(new URL('./migrator.mjs', import.meta.url))

type Json = Record<string, unknown>

let site: string

/** What came is as a program in any language would see it. */
async function http(method: string, path: string, body?: object): Promise<Json> {
  const headers = { 'content-type': 'application/json' }
  const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) }
  const response = await fetch(`${site}${path}`, { method, ...sent })
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true)
  return (await response.json()) as Json
}

const migrate = (...mailboxes: string[]) =>
  runOutside(process.execPath, [MIGRATOR, site, 'lon', ...mailboxes])

/** On a slow machine the mail of the whole migration would take longer than the test has. */
const SENT_MAX = 60

/** Somebody else moves anna just as her mail is offered, and takes a long time over it. */
const MOVED_BY_ANOTHER = {
  match: { event: 'mail.offered', mailbox: 'anna' },
  when: { nth: 1 },
  do: { move: { mailbox: 'anna', to: 'lon', holdAt: 'locked' }, holdUntil: 'locked' },
}

const letter = (to: string) => ({ from: 'dave', to: [to], subject: `to ${to}` })

async function open(profile: string): Promise<void> {
  const lab = await startLab({ profile })
  onTestFinished(lab.close)
  site = lab.url
}

test('all arrive, and no mail that comes meanwhile is lost', async () => {
  await open('exchange-5.5-sp4')
  const people = ['anna', 'bob', 'carol']
  const migration = migrate(...people)
  let finished = false
  void migration.then(() => {
    finished = true
  })
  let sent = 0
  do {
    for (const person of people) await http('POST', '/messages', letter(person))
    sent += people.length
  } while (!finished && sent < SENT_MAX)
  expect(await migration).toMatchObject({ code: 0, stderr: '' })
  for (const person of people) {
    expect(await http('GET', `/mailboxes/${person}`)).toMatchObject({ server: 'lon' })
  }
  await http('POST', '/clock', { until: 'idle' })
  const audit = await http('GET', '/audit?rest=20s')
  expect(audit).toMatchObject({ atRest: true, accepted: sent, lost: [], duplicated: [] })
})

test('one that is not there is named, and keeps no other back', async () => {
  await open('exchange-5.5-sp4')
  const { code, stdout } = await migrate('anna', 'nobody', 'carol')
  expect(code).toBe(1)
  expect(stdout.trim().split('\n').sort()).toEqual([
    'anna: completed',
    'carol: completed',
    'nobody: unknown-mailbox',
  ])
})

test.each([
  ['exchange-5.5-sp3', { delivered: 1, reported: 0, lost: [{ address: 'anna' }] }],
  ['exchange-5.5-sp4', { delivered: 1, reported: 1, lost: [] }],
])('under %s, one whom somebody else moves is waited for', async (profile, ending) => {
  await open(profile)
  const fault = await http('POST', '/faults', MOVED_BY_ANOTHER)
  const { id } = await http('POST', '/messages', letter('anna'))
  await http('GET', `/messages/${id}/recipients/anna?until=deferred&timeout=20s`)
  const migration = startCommand(process.execPath, [MIGRATOR, site, 'lon', 'anna'], process.env)
  await migration.line(/somebody else moves it/)
  const [move] = (await http('GET', '/moves')).moves as [{ id: string }]
  await http('POST', `/moves/${move.id}/release`, {})
  expect(await migration.ended).toMatchObject({ code: 0 })
  expect(migration.lines.at(-1)).toBe('anna: completed')
  expect(await http('GET', `/faults/${fault.id}`)).toMatchObject({ hits: 1 })
  expect(await http('GET', '/audit?rest=20s')).toMatchObject(ending)
})
