/** Links to Redis that fail in each way: mail waits and goes on; nothing is lost or there twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { openLink, TOXIC_KINDS, type Toxic } from '../../../services/chaos/link.ts'
import { connect } from '../../../services/redis/connect.ts'
import { linked } from '../../support/links.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })
const parts = linked(sites, { silenceMs: 1_000 })

const TO = ['anna', 'bob', 'dave']
const mail = { from: 'carol', to: TO, subject: 'Lunch?', text: 'At noon.' }
/** Enough that some is on its way when the link fails. */
const COUNT = 20

const LASTING: Toxic[] = [
  { kind: 'latency', ms: 50 },
  { kind: 'slowReader', bytesPerSecond: 20_000 },
  { kind: 'blackhole' },
]
const AT_ONCE: Toxic[] = [{ kind: 'reset' }, { kind: 'halfOpen' }]

test('every kind of toxic is tried here', () => {
  expect([...LASTING, ...AT_ONCE].map(({ kind }) => kind)).toEqual(TOXIC_KINDS)
})

// Workers whose connections are half-open: link.long.test.ts.
describe.each([...LASTING, { kind: 'reset' } as const])('workers: $kind', (toxic) => {
  test('each message arrives once', async () => {
    const { workers } = parts
    const site = await sites.open({ profile: 'modern' })
    const before = workers.hits(toxic.kind)
    const sent = Array.from({ length: COUNT }, () => sites.send(site, TO))
    await sent[0]
    workers.poison(toxic)
    await Promise.all(sent)
    await expect.poll(() => workers.hits(toxic.kind), soon).toBeGreaterThan(before)
    workers.heal()
    const audit = await sites.rest(site)
    expect(audit).toMatchObject({ ...FLAWLESS, accepted: TO.length * COUNT })
    // Anna has an alternate recipient beside her.
    expect(audit.delivered).toBe((TO.length + 1) * COUNT)
  })
})

describe.each([...LASTING, ...AT_ONCE])('API: $kind', (toxic) => {
  test('what was asked is answered in the end, and asked again is the same message', async () => {
    const { api, emulator } = parts
    const site = await sites.open({ profile: 'modern' })
    await emulator.accept(site, mail, 'first')
    const before = api.hits(toxic.kind)
    api.poison(toxic)
    const keys = Array.from({ length: COUNT }, (_, i) => `key-${i}`)
    const accepting = keys.map((key) => emulator.accept(site, mail, key))
    await expect.poll(() => api.hits(toxic.kind), soon).toBeGreaterThan(before)
    api.heal()
    const accepted = await Promise.all(accepting)
    const again = await Promise.all(keys.map((key) => emulator.accept(site, mail, key)))
    expect(again.map(({ id }) => id)).toEqual(accepted.map(({ id }) => id))
    expect(new Set(accepted.map(({ id }) => id)).size).toBe(COUNT)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: TO.length * (COUNT + 1) })
  })
})

/** Several times as long as the silence that is borne above. */
const UNNOTICED_MS = 3_000

test('without a limit to silence, a half-open connection is never found dead', async () => {
  const link = await openLink({ path: new URL(inject('redisUrl')).pathname })
  onTestFinished(() => link.close())
  const redis = { ...sites.connection, redisUrl: link.url, log: () => undefined }
  const client = connect({ ...redis, silenceMs: 3_600_000 }).client()
  onTestFinished(() => client.disconnect())
  await client.ping()
  link.poison({ kind: 'halfOpen' })
  const answer = client.ping()
  expect(await Promise.race([answer, sleep(UNNOTICED_MS, 'silence')])).toBe('silence')
  link.poison({ kind: 'reset' })
  expect(await answer).toBe('PONG')
})
