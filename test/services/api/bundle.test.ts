/** `/sites/:site/bundle` through the API and the real emulator: a site in one file. */

import { describe, expect, test } from 'vitest'
import { bundleFrom } from '../../../services/check/conform/bundle-file.ts'
import { conform } from '../../../services/check/conform/conform.ts'
import { machinesDigest } from '../../../services/check/machines-digest.ts'
import type { Bundle } from '../../../services/runtime/views-of-bundle.ts'
import type { Accepted } from '../../../services/runtime/views-of-mail.ts'
import { liveSites } from '../../support/site.ts'
import { liveWorld, lunch } from './live-world.ts'

const world = liveWorld()

describe('a bundle', () => {
  async function delivered(): Promise<string> {
    const { body } = await world.post<Accepted>(`${world.site}/messages`, lunch)
    await world.settled(body.id, 'dave')
    await world.get(`${world.site}/audit?rest=20s`)
    return body.id
  }

  test('holds topology, profile, versions, journal, accepted messages and audit', async () => {
    const id = await delivered()
    const { status, headers, body } = await world.get<Bundle>(`${world.site}/bundle`)
    expect(status).toBe(200)
    expect(headers['content-disposition']).toMatch(/filename="test-\d+\.bundle\.json"/)
    expect(body).toMatchObject({
      v: 1,
      machines: machinesDigest(),
      versions: { node: process.version, bullmq: expect.stringMatching(/^\d/) },
      profile: { name: 'exchange-5.5-sp4', defects: [] },
      journal: { shards: 1, trimmed: false },
      accepted: { leftOut: 0, messages: [{ header: { id }, recipients: [{ original: 'dave' }] }] },
      audit: { accepted: 1, delivered: 1, lost: [] },
    })
    const { servers, mailboxes } = body.topology
    expect(servers).toEqual(['nyc', 'lon'])
    expect(mailboxes.map(({ alias, home }) => `${alias} ${home}`)).toContain('anna nyc')
    const [first] = body.journal.steps
    expect(first).toMatchObject({ y: 'mail.submitted', t: `message/${id}/nyc` })
    expect(body.journal.from).toEqual([first?.p])
    expect(body.actors[`message/${id}/nyc`]?.[1]).toBe('settled')
  })

  test('is a step a line', async () => {
    await delivered()
    const answer = await fetch(`${world.origin}${world.site}/bundle`)
    const text = await answer.text()
    const { journal } = JSON.parse(text) as Bundle
    expect(journal.steps.length).toBeGreaterThan(2)
    expect(text.split('\n').filter((line) => line.startsWith('{"p":'))).toHaveLength(
      journal.steps.length,
    )
  })

  test('is there for a site on which nothing happened', async () => {
    const { body } = await world.get<Bundle>(`${world.site}/bundle`)
    expect(body).toMatchObject({
      journal: { trimmed: false, from: [], steps: [] },
      actors: {},
      accepted: { leftOut: 0, messages: [] },
    })
  })

  test('is read by its checker, from the service', async () => {
    await delivered()
    const site = world.site.split('/')[2] as string
    const verdict = conform(await bundleFrom({ site, url: world.origin }))
    expect(verdict).toMatchObject({ conforms: true, failure: null })
  })

  test('is refused for a site that does not exist', async () => {
    const { body } = await world.get('/sites/nowhere/bundle')
    expect(body).toMatchObject({ status: 404, code: 'unknown-site' })
  })
})

describe('a bundle that does not take everything along', () => {
  const sites = liveSites()

  test('takes the newest, and says that there were older', async () => {
    const site = await sites.open()
    for (const subject of ['one', 'two', 'three']) {
      const { id } = await sites.send(site, ['dave', 'bob'], { subject })
      await sites.settled(site, id)
    }
    await sites.rest(site)
    const all = await sites.emulator.bundle(site, { steps: 1_000, recipients: 1_000 })
    const some = await sites.emulator.bundle(site, { steps: 5, recipients: 5 })
    expect(some.journal.trimmed).toBe(true)
    expect(some.journal.steps).toEqual(all.journal.steps.slice(-5))
    expect(some.accepted.leftOut).toBe(1)
    const subjects = some.accepted.messages.map(({ header }) => header.subject)
    expect(subjects).toEqual(['two', 'three'])
    expect(conform(some)).toMatchObject({ failure: null, steps: 5 })
  })

  test('leaves out what changed while it was made, and conforms', async () => {
    const site = await sites.open()
    const sent = Array.from({ length: 40 }, () => sites.send(site, ['anna', 'dave']))
    const bundles = Promise.all(
      Array.from({ length: 10 }, () => {
        return sites.emulator.bundle(site, { steps: 10_000, recipients: 10_000 })
      }),
    )
    await Promise.all(sent)
    for (const bundle of await bundles) expect(conform(bundle).failure).toBeNull()
  })
})
