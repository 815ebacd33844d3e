/** Why an entry is where it is: each kind of waiting, when it is that and no other. */
import { expect, test } from 'vitest'
import { beat } from '../../../services/runtime/heartbeat.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()
const alone = liveSites({ workers: false })

const kinds = async (site: string, id: string, of = sites) => {
  const { recipients } = await of.emulator.message(site, id)
  return recipients.flatMap(({ waitsFor }) => waitsFor.map(({ kind }) => kind))
}

test('an event, and whether anybody works on its queue', async () => {
  const site = await alone.open()
  const { id } = await alone.send(site, 'bob')
  const queue = `${site}.nyc.mta`
  const waiting = `mail.submitted waits in ${queue}`
  const silent = `${waiting}, of whose workers nothing was heard for 5 s`
  const expected = async (text: string) =>
    expect((await alone.emulator.message(site, id)).recipients[0]?.waitsFor).toEqual([
      { kind: 'event', text, queue, job: `${id}.0` },
    ])
  const { client, connection } = alone
  await expected(silent)
  for (const other of [{ roles: ['store'] }, { roles: ['mta'], server: 'lon' }]) {
    await beat(client, connection.namespace, other, false)
    await expected(silent)
  }
  await beat(client, connection.namespace, { roles: ['mta'], server: 'nyc', site }, false)
  await expected(waiting)
})

test('the move that has the mailbox, the retry, and the date of giving up', async () => {
  const site = await sites.open()
  const spec = { mailbox: 'bob', to: 'lon', holdAt: 'locked' }
  const move = await sites.emulator.startMove(site, spec)
  await sites.moveIn(site, move.id, { held: true })
  const { id } = await sites.send(site, 'bob')
  await expect.poll(() => kinds(site, id), soon).toEqual(['move', 'timer', 'timer'])
  const [entry] = (await sites.emulator.message(site, id)).recipients
  expect(entry?.waitsFor[0]?.text).toMatch(/^the move .* of bob to lon, which is locked and holds/)
  await sites.emulator.cancelMove(site, move.id)
  // The mailbox nudges whoever waits: no timer rings.
  expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'delivered', attempts: 2 }])
  expect(await kinds(site, id)).toEqual([])
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
})

test('the report that is on its way to the originator', async () => {
  const site = await sites.open()
  const match = { event: 'mail.offered', mailbox: 'carol' }
  const rule = await sites.emulator.addFault(site, { match, do: { hold: true } })
  const { id } = await sites.send(site, 'nobody')
  await expect.poll(() => kinds(site, id), soon).toEqual(['report'])
  expect(await sites.emulator.audit(site)).toMatchObject({ pending: 1, reported: 0 })
  await sites.emulator.deleteFault(site, rule.id)
  expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'reported' }])
})

test('an answer, when the store has none', async () => {
  const site = await sites.open()
  await sites.emulator.addFault(site, {
    match: { event: 'mail.offered' },
    when: { first: 1 },
    do: { loseReply: true },
  })
  const { id } = await sites.send(site, 'bob')
  const texts = async () =>
    (await sites.emulator.message(site, id)).recipients[0]?.waitsFor.map(({ text }) => text)
  await expect
    .poll(texts, soon)
    .toEqual([expect.stringMatching(/^an answer, or to ask again, in /)])
})
