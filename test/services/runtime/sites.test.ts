/** Sites come and go: made whole, cleaned away whole, and blind to each other. */
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openEmulator } from '../../../services/runtime/live.ts'
import { queuePrefix } from '../../../services/runtime/queues.ts'
import { startWorkers } from '../../../services/workers.ts'
import { freshConnection } from '../../support/redis.ts'
import { ALL_ROLES, DEMO, FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()

function queueOf(name: string): Queue {
  const prefix = queuePrefix(sites.connection.namespace, name)
  const queue = new Queue(name, { connection: sites.client, prefix })
  onTestFinished(() => queue.close())
  return queue
}

/** Every key that bears the site's name. */
async function keysOf(client: Redis, namespace: string, site: string): Promise<string[]> {
  const found: string[] = []
  let cursor = '0'
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `{${namespace}:${site}[:.]*`)
    cursor = next
    found.push(...keys)
  } while (cursor !== '0')
  return found.sort()
}

const expectNoKeys = (site: string) =>
  expect
    .poll(() => keysOf(sites.client, sites.connection.namespace, site), { ...soon, interval: 100 })
    .toEqual([])

describe('a site', () => {
  test('is made once; another of its name is refused, also at the same moment', async () => {
    const mailboxes = (server: string) => [{ alias: 'bob', server }]
    const answers = await Promise.allSettled(
      ['nyc', 'lon', 'nyc', 'lon'].map((server) =>
        sites.open({ name: 'twice', mailboxes: mailboxes(server) }),
      ),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(answer.reason.code).toBe('site-exists')
    }
    const { server, stores } = await sites.emulator.mailbox('twice', 'bob')
    expect(Object.keys(stores)).toEqual([server])
    await sites.send('twice', 'bob', { from: 'bob' })
    expect(await sites.rest('twice')).toMatchObject({ ...FLAWLESS, delivered: 1 })
  })

  test('that was refused leaves nothing behind', async () => {
    await expect(
      sites.open({ name: 'never', mailboxes: [{ alias: 'a', server: 'rome' }] }),
    ).rejects.toMatchObject({ code: 'unknown-server' })
    await expectNoKeys('never')
  })

  test('with a ttl is cleaned away with everything that was its own', async () => {
    const site = await sites.open({ ttlMs: 300 })
    expect((await sites.emulator.site(site)).expiresAt).not.toBeNull()
    await Promise.all(Array.from({ length: 20 }, () => sites.send(site, ['anna', 'dave', 'who'])))
    await expect
      .poll(async () => (await sites.emulator.sites()).map(({ name }) => name), soon)
      .not.toContain(site)
    await expectNoKeys(site)
  })

  test('deleted with mail, retries, a move and faults under way leaves no key', async () => {
    const site = await sites.open()
    const { emulator } = sites
    await emulator.addFault(site, { match: { mailbox: 'bob' }, do: { defer: true } })
    await emulator.addFault(site, { match: { mailbox: 'carol' }, do: { hold: true } })
    await emulator.startMove(site, { mailbox: 'anna', to: 'lon', holdAt: 'locked' })
    const sending = Array.from({ length: 100 }, () =>
      sites.send(site, ['anna', 'bob', 'carol', 'dave']).catch((error: { code: string }) => {
        expect(error.code).toBe('unknown-site')
      }),
    )
    await sending[0]
    await emulator.deleteSite(site)
    await Promise.all(sending)
    await expect(emulator.site(site)).rejects.toMatchObject({ code: 'unknown-site' })
    // As somebody leaves it who was in the middle of something when the site went.
    await queueOf(`${site}.nyc.mta`).add('mail.offered', {}, { jobId: 'left-behind' })
    await expectNoKeys(site)
  })

  test('made again under its name is empty, and nothing of the old one arrives in it', async () => {
    const site = await sites.open()
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 30 }, () => sites.send(site, ['bob', 'dave'], { subject: 'old' })),
      )
      await sites.emulator.deleteSite(site)
      await sites.open({ name: site })
      expect((await sites.emulator.messages(site, { offset: 0, limit: 9 })).total).toBe(0)
      await sites.send(site, ['bob', 'dave'], { subject: `new ${round}` })
      expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 2, delivered: 2 })
      expect(await sites.subjects(site, 'bob')).toEqual([`new ${round}`])
    }
  })

  test('takes no notice of a job that an earlier site of its name has left', async () => {
    const site = await sites.open()
    const { id } = await sites.send(site, 'bob', { subject: 'old' })
    const mta = queueOf(`${site}.nyc.mta`)
    const job = await mta.getJob(`${id}.0`)
    await sites.emulator.deleteSite(site)
    await sites.open({ name: site })
    await mta.add('mail.submitted', job?.data, { jobId: `${id}.0` })
    await expect.poll(async () => (await mta.getJob(`${id}.0`))?.getState(), soon).toBe('completed')
    expect((await mta.getJob(`${id}.0`))?.returnvalue).toEqual([
      'it is about what is no longer kept, or of an earlier site of this name',
    ])
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, obligations: 0 })
    expect(await sites.subjects(site, 'bob')).toEqual([])
  })

  test('made again with other servers is worked for', async () => {
    const site = await sites.open()
    await sites.emulator.deleteSite(site)
    await sites.open({
      name: site,
      servers: ['rome', 'oslo'],
      mailboxes: [
        { alias: 'bob', server: 'rome' },
        { alias: 'carol', server: 'oslo' },
      ],
    })
    await sites.send(site, 'bob')
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  })
})

test('two namespaces on one Redis do not see each other', async () => {
  const other = freshConnection()
  const emulator = await openEmulator(other, { lagMs: Number.POSITIVE_INFINITY })
  const workers = await startWorkers(other, { roles: [...ALL_ROLES] })
  onTestFinished(async () => {
    await workers.close()
    await emulator.close()
  })
  const site = await sites.open({ name: 'shared' })
  expect(await emulator.sites()).toEqual([])
  await emulator.createSite({ ...DEMO, name: 'shared' })
  await sites.send(site, 'bob', { subject: 'ours' })
  await emulator.accept(site, { from: 'carol', to: ['bob'], subject: 'theirs' })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  expect(await emulator.audit(site, 10_000)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  expect(await sites.subjects(site, 'bob')).toEqual(['ours'])
  await emulator.deleteSite(site)
  expect(await sites.subjects(site, 'bob')).toEqual(['ours'])
})

test('a profile that is changed holds for what happens from then on', async () => {
  const site = await sites.open({ profile: 'exchange-5.5-sp3' })
  expect((await sites.emulator.site(site)).defects).toEqual(['Q248839', 'Q247255'])
  const changed = await sites.emulator.changeProfile(site, 'modern')
  expect(changed).toMatchObject({ profile: 'modern', defects: [] })
  await expect(sites.emulator.changeProfile(site, 'sendmail')).rejects.toMatchObject({
    code: 'unknown-profile',
  })
})
