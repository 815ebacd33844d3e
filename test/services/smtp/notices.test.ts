/**
 * What an originator is told beside failures, over the real queues: each kind of report as it is
 * asked for by NOTIFY (RFC 3461), and read back by programs that are not ours.
 */
import { expect, test } from 'vitest'
import { conform } from '../../../services/check/conform/conform.ts'
import { collect } from '../../../services/runtime/raw.ts'
import type { Submission } from '../../../services/runtime/views-of-mail.ts'
import { hasTool } from '../../../services/setup/test-tools.mjs'
import { readByOthers } from '../../support/bounce-readers.ts'
import { FLAWLESS, soon } from '../../support/site.ts'
import { smtpDoors } from '../../support/smtp.ts'

const doors = smtpDoors()

interface Kind {
  to: string
  notify: Submission['notify'] & object
  action: string
  /** What the ledger counts. */
  counted: object
  fields: Record<string, unknown>
}

const KINDS: Record<string, Kind> = {
  'a delivery': {
    to: 'dave',
    notify: ['success'],
    action: 'delivered',
    counted: { delivered: 1 },
    fields: { Action: 'delivered', Status: '2.1.5' },
  },
  'a delivery that goes to an alternate as well': {
    to: 'anna',
    notify: ['success', 'failure'],
    action: 'expanded',
    counted: { delivered: 2 },
    fields: { Action: 'expanded', Status: '2.1.5' },
  },
  'a relaying': {
    to: 'ann@far.example',
    notify: ['success'],
    action: 'relayed',
    counted: { handedOff: 1 },
    fields: { Action: 'relayed', Status: '2.0.0', 'Final-Recipient': 'rfc822; ann@far.example' },
  },
  'a failure': {
    to: 'nobody',
    notify: ['failure'],
    action: 'failed',
    counted: { reported: 1 },
    fields: { Action: 'failed', Status: '5.1.1' },
  },
}

const inbox = (site: string, alias: string) =>
  doors.emulator.items(site, alias, { offset: 0, limit: 10 })

async function theReport(site: string, alias = 'carol') {
  await expect.poll(async () => (await inbox(site, alias)).total, soon).toBe(1)
  const [item] = (await inbox(site, alias)).items
  if (!item) throw new Error('it was there')
  return { item, raw: await collect(await doors.emulator.rawItem(site, alias, item.id)) }
}

test.each(Object.entries(KINDS))('%s is told of once, when it is asked for', async (_, kind) => {
  const site = await doors.open()
  const { id } = await doors.send(site, kind.to, { notify: kind.notify })
  await doors.settled(site, id)
  const { item, raw } = await theReport(site)
  expect(item).toMatchObject({ kind: 'report', from: '', report: { action: kind.action } })
  expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, ...kind.counted })
  const bundle = await doors.emulator.bundle(site, { steps: 1_000, recipients: 10 })
  expect(conform(bundle)).toMatchObject({ conforms: true, failure: null })
  if (!hasTool('python3-flufl.bounce')) return
  const read = await readByOthers(raw)
  expect(read.groups[1]).toMatchObject(kind.fields)
  expect(read.defects).toEqual([])
  const failed = kind.action === 'failed'
  expect(read).toMatchObject({
    permanent: failed ? [`nobody@${site}.example`] : [],
    temporary: [],
    types: ['text/plain', 'message/delivery-status', failed ? 'message/rfc822' : HEADERS],
  })
})

const HEADERS = 'text/rfc822-headers'

test('a delay is told of once, after the time that the profile sets', async () => {
  const site = await doors.open()
  await doors.emulator.addFault(site, {
    match: { event: 'mail.offered', mailbox: 'dave' },
    when: { first: 30 },
    do: { defer: true },
  })
  const { id } = await doors.send(site, 'dave', { notify: ['delay'] })
  await doors.emulator.recipient(site, id, 'dave', { until: 'deferred', timeoutMs: 20_000 })
  await doors.emulator.advance(site, { ms: 3 * 3_600_000 })
  expect((await inbox(site, 'carol')).total).toBe(0)
  await doors.emulator.advance(site, { until: 'idle' })
  expect(await doors.settled(site, id)).toMatchObject([{ outcome: 'delivered', attempts: 31 }])
  expect((await doors.emulator.faults(site))[0]).toMatchObject({ hits: 30 })
  const { item, raw } = await theReport(site)
  expect(item).toMatchObject({ subject: 'Delayed: Lunch?', report: { action: 'delayed' } })
  expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  if (!hasTool('python3-flufl.bounce')) return
  const read = await readByOthers(raw)
  expect(read.groups[1]).toMatchObject({
    Action: 'delayed',
    Status: '4.2.1',
    'Will-Retry-Until': expect.stringContaining('+0000'),
  })
  expect(read).toMatchObject({ permanent: [], temporary: [`dave@${site}.example`] })
})

test.each<[string, Partial<Submission>]>([
  ['it is not asked for', {}],
  ['never is asked for', { notify: ['never'] }],
  ['the originator is the null sender', { from: '', notify: ['success'] }],
])('nothing is told of a delivery when %s', async (_, more) => {
  const site = await doors.open()
  const { id } = await doors.send(site, 'dave', more)
  await doors.settled(site, id)
  expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  expect((await inbox(site, 'carol')).total).toBe(0)
  expect((await inbox(site, 'outside')).total).toBe(0)
})

test('an alternate in the place of its primary is told of by the name that was meant', async () => {
  const mailboxes = [
    { alias: 'erin', server: 'nyc', alternateRecipient: 'frank' },
    { alias: 'frank', server: 'lon' },
    { alias: 'carol', server: 'nyc' },
  ]
  const site = await doors.open({ mailboxes })
  const { id } = await doors.send(site, 'erin', { notify: ['success'] })
  await doors.settled(site, id)
  const { item, raw } = await theReport(site)
  expect(item.report).toMatchObject({ action: 'delivered', recipient: 'erin' })
  const text = raw.toString()
  expect(text).toContain(`Final-Recipient: rfc822; erin@${site}.example\r\n`)
  expect(text).toContain(`X400-Redirect-Recipient: rfc822; frank@${site}.example\r\n`)
})
