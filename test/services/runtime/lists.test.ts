/**
 * Distribution lists, live: a list of hundreds by way of others, what comes twice, what a cache and
 * a replica still have, the ledger's own look at it, and a journal that conforms and can be brought
 * home.
 */
import { describe, expect, test } from 'vitest'
import { CHUNK } from '../../../machines/reads.ts'
import { conform } from '../../../services/check/conform/conform.ts'
import { homeOf } from '../../../services/check/home/home.ts'
import type { MailboxSpec } from '../../../services/runtime/views-of-mail.ts'
import { trackingLines } from '../../../services/tracking/tracking-log.ts'
import { FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites()
const page = { offset: 0, limit: 1_000 }

const team = { alias: 'team', members: ['anna', 'dave'] }
const lists = [
  team,
  { alias: 'all', members: ['team', 'bob', 'dave', 'all-again'] },
  {
    alias: 'all-again',
    members: ['all'],
  },
]

async function conforms(site: string): Promise<void> {
  const bundle = await sites.emulator.bundle(site, { steps: 100_000, recipients: 100_000 })
  expect(conform(bundle).failure).toBeNull()
  const { schedule } = homeOf(bundle, site)
  const taken = schedule.steps.filter((step) => step.do !== 'act')
  expect(taken).toHaveLength(bundle.journal.steps.length)
}

test('a list of hundreds is expanded in chunks, and each member is accounted for', async () => {
  const names = Array.from({ length: 900 }, (_, i) => `m${i}`)
  const mailboxes = names.map(
    (alias, i): MailboxSpec => ({ alias, server: i % 2 === 0 ? 'nyc' : 'lon' }),
  )
  const site = await sites.open({
    mailboxes: [...mailboxes, { alias: 'carol', server: 'nyc' }],
    lists: [
      { alias: 'even', members: names.filter((_, i) => i % 2 === 0) },
      { alias: 'odd', members: names.filter((_, i) => i % 2 === 1) },
      { alias: 'everybody', members: ['even', 'odd', 'm0', 'carol'] },
    ],
  })
  const { id } = await sites.send(site, ['m7', 'everybody', 'odd'])
  const audit = await sites.rest(site)
  const sent = names.length + 1
  expect(audit).toMatchObject({ ...FLAWLESS, accepted: 3, obligations: sent, delivered: sent })
  for (const alias of ['m0', 'm7', 'm899', 'carol']) {
    expect(await sites.subjects(site, alias)).toEqual(['Lunch?'])
  }
  const { recipients } = await sites.emulator.message(site, id)
  const expanded = recipients.filter(({ outcome }) => outcome === 'expanded')
  expect(expanded.map(({ address }) => address)).toEqual(['everybody', 'odd'])
  expect(new Set(recipients.map(({ number }) => number)).size).toBe(sent + 2)
  const chunks = await sites.client.hkeys(sites.key(site, `message:${id}`))
  expect(chunks.filter((field) => field.startsWith('to/')).length).toBeGreaterThan(sent / CHUNK)
})

test('a list behind hundreds of other recipients is expanded in its turn', async () => {
  const site = await sites.open({ lists })
  const others = Array.from({ length: CHUNK + 50 }, (_, i) => `guest${i}@away.example`)
  const { id } = await sites.send(site, [...others, 'team', 'all'])
  const audit = await sites.rest(site)
  // anna, her alternate bob, and dave by the team; bob by all.
  expect(audit).toMatchObject({ ...FLAWLESS, handedOff: others.length, delivered: 4 })
  const entries = await sites.settled(site, id)
  const members = entries.filter(({ lists: by }) => by)
  expect(members.map(({ address }) => address)).toEqual(['anna', 'bob', 'dave', 'bob'])
  expect(members[0]?.number).toBe(others.length + 3)
  expect((await sites.emulator.messages(site, page)).messages[0]?.recipients).toBe(252)
  await conforms(site)
})

test('an event of an expansion that comes again makes nothing', async () => {
  const site = await sites.open({ lists })
  const { emulator } = sites
  for (const event of ['mail.submitted', 'routing.due']) {
    await emulator.addFault(site, { match: { event }, do: { again: true } })
  }
  const { id } = await sites.send(site, ['all', 'anna'])
  const audit = await sites.rest(site)
  // anna, her alternate bob, dave, and bob himself: bob's two share an item.
  expect(audit).toMatchObject({ ...FLAWLESS, accepted: 2, obligations: 4, delivered: 4 })
  const entries = await sites.settled(site, id)
  expect(
    entries.map(({ number, address, branch, lists: by }) => [number, address, branch, by]),
  ).toEqual([
    [1, 'all', 'own', undefined],
    [2, 'anna', 'own', undefined],
    [2, 'bob', 'redirected', undefined],
    [3, 'bob', 'own', ['all']],
    [4, 'dave', 'own', ['all']],
  ])
  expect(await sites.subjects(site, 'bob')).toEqual(['Lunch?'])
  for (const { hits } of await emulator.faults(site)) expect(hits).toBeGreaterThan(0)
  await conforms(site)
})

test('who asked for it is told that the list was expanded, and of members that fail', async () => {
  const site = await sites.open({ lists: [{ ...team, members: ['dave', 'far@away.example'] }] })
  await sites.emulator.setClock(site, { stop: true })
  const { id } = await sites.send(site, 'team', { notify: ['failure', 'success'] })
  await sites.rest(site)
  await sites.emulator.deleteMailbox(site, 'dave')
  await sites.send(site, 'team', { notify: ['failure', 'success'] })
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, delivered: 1, handedOff: 2, reported: 1 })
  const { items } = await sites.emulator.items(site, 'carol', page)
  expect(items.map(({ report }) => [report?.action, report?.recipient]).sort()).toEqual([
    ['expanded', 'team'],
    ['expanded', 'team'],
    ['failed', 'dave'],
  ])
  expect(items.map(({ id: item }) => item)).toContain(`${id}~1.expanded`)
  const bundle = await sites.emulator.bundle(site, { steps: 1_000, recipients: 1_000 })
  expect(conform(bundle).failure).toBeNull()
})

test('a list is read from the cache for a minute, then from the own replica', async () => {
  const site = await sites.open({ lists: [team] })
  const { emulator } = sites
  await emulator.setClock(site, { stop: true })
  await sites.send(site, 'team')
  await sites.rest(site)
  const changed = { alias: 'team', members: ['carol'] }
  const { created, list } = await emulator.putList(site, changed)
  expect(created).toBe(false)
  expect(list).toMatchObject({
    version: 2,
    members: ['carol'],
    replicas: { nyc: { version: 2, members: 1 }, lon: { version: 1, members: 2 } },
    caches: { nyc: { version: 1, members: 2, ageMs: 0 }, lon: null },
  })
  const toWhom = async (server: string) => {
    const { id } = await sites.send(site, 'team', { server })
    const entries = await sites.settled(site, id)
    return entries.flatMap(({ branch, lists: by, address }) =>
      branch === 'own' && by ? [address] : [],
    )
  }
  expect(await toWhom('nyc')).toEqual(['anna', 'dave'])
  await emulator.advance(site, { ms: 61_000 })
  expect(await toWhom('nyc')).toEqual(['carol'])
  expect(await toWhom('lon')).toEqual(['anna', 'dave'])
  await emulator.advance(site, { ms: 300_000 })
  expect(await toWhom('lon')).toEqual(['carol'])
  expect(await sites.rest(site)).toMatchObject(FLAWLESS)
  await conforms(site)
})

test('a deleted list is unknown, and what was expanded before goes on', async () => {
  const site = await sites.open({ lists: [team] })
  const { emulator } = sites
  await emulator.setClock(site, { stop: true })
  const { id: fault } = await emulator.addFault(site, {
    match: { event: 'mail.offered', mailbox: 'anna' },
    do: { defer: true },
  })
  const { id } = await sites.send(site, 'team')
  await emulator.recipient(site, id, 'anna', { until: 'deferred', timeoutMs: 20_000 })
  await emulator.deleteList(site, 'team')
  // A mailbox may have the name now; it is none of the list's members' business.
  await emulator.putMailbox(site, { alias: 'team', server: 'lon' })
  await emulator.deleteFault(site, fault)
  await emulator.advance(site, { ms: 600_000 })
  await sites.send(site, 'team', { server: 'lon' })
  const audit = await sites.rest(site)
  // anna, her alternate bob and dave; then the mailbox.
  expect(audit).toMatchObject({ ...FLAWLESS, obligations: 4, delivered: 4 })
  expect(await sites.subjects(site, 'team')).toEqual(['Lunch?'])
  await conforms(site)
})

test('the ledger misses a member that its list was expanded without', async () => {
  const site = await sites.open({ lists: [team] })
  const { id } = await sites.send(site, 'team')
  await sites.rest(site)
  const message = sites.key(site, `message:${id}`)
  await sites.client.hdel(message, 'r/nyc/3', 'r/lon.1.3/3', 'to/1')
  const audit = await sites.emulator.audit(site, 0)
  expect(audit.lost).toEqual([
    expect.objectContaining({ address: 'team', why: 'it was expanded without its member 3' }),
  ])
})

test('mail from a list is answered to its members, a report too', async () => {
  const site = await sites.open({ lists: [team] })
  await sites.send(site, 'nobody', { from: 'team' })
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, reported: 1 })
  for (const alias of ['anna', 'dave', 'bob']) {
    expect(await sites.subjects(site, alias)).toEqual(['Undeliverable: Lunch?'])
  }
})

describe('in the tracking log', () => {
  test('26 names the list, at the MTA that expanded it', () => {
    const party = {
      number: 1,
      branch: 0,
      name: 'team',
      about: {},
      remote: false,
      why: '',
      end: null,
    }
    const happening = {
      ...{ what: 'expanded' as const, at: 0, server: 'nyc', id: 'letter', header: null },
      ...{ parties: [party], by: 'mail.submitted' },
    }
    const [first = '', second = ''] = trackingLines('demo', happening, []).split('\n')
    expect(first.split('\t').slice(0, 2)).toEqual(['letter', '26'])
    expect(second).toBe('/o=Undeliverable/ou=demo/cn=Recipients/cn=team\t')
  })
})
