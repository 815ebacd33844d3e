/** The journal followed: from where one left off, from the oldest kept, and over a gap. */
import { expect, onTestFinished, test } from 'vitest'
import { liveSites } from '../../support/site.ts'

const sites = liveSites()

type Told = { kind: 'entry' | 'gap'; position: string; text: string }

/** Follows until so many were told, and then lets go. */
async function read(site: string, after: string, count: number): Promise<Told[]> {
  const leaving = new AbortController()
  const told: Told[] = []
  for await (const one of sites.emulator.events(site, after, leaving.signal)) {
    const text = one.kind === 'entry' ? one.entry.event : `${one.from}..${one.to}`
    told.push({ kind: one.kind, position: one.position, text })
    if (told.length === count) break
  }
  leaving.abort()
  return told
}

const DELIVERY = ['mail.submitted', 'mail.offered', 'reply.accepted']
const texts = (told: Told[]) => told.map(({ text }) => text)

test('from the oldest kept, from any position on, and from now on', async () => {
  const site = await sites.open()
  await sites.send(site, 'bob')
  await sites.rest(site)
  const all = await read(site, '0', 3)
  expect(texts(all)).toEqual(DELIVERY)
  expect(texts(await read(site, all[0]?.position ?? '', 2))).toEqual(DELIVERY.slice(1))

  const fresh = read(site, '', 3)
  const leaving = new AbortController()
  onTestFinished(() => leaving.abort())
  const { id } = await sites.send(site, 'carol')
  await sites.settled(site, id)
  // Whether it was followed before or after the sending began is chance; then more comes.
  await sites.send(site, 'carol')
  expect(await fresh).toHaveLength(3)
  expect(texts(await read(site, all[2]?.position ?? '', 3))).toEqual(DELIVERY)
})

test('over a gap: what was trimmed away is told of, then what is kept follows', async () => {
  const site = await sites.open()
  await sites.send(site, 'bob')
  await sites.rest(site)
  const all = await read(site, '0', 3)
  await sites.client.xtrim(sites.key(site, 'journal'), 'MAXLEN', 1)
  const told = await read(site, all[0]?.position ?? '', 2)
  expect(told.map(({ kind }) => kind)).toEqual(['gap', 'entry'])
  expect(told[0]?.text).toBe(`${all[0]?.position}..${all[2]?.position}`)
  expect(told[1]).toEqual(all[2])
})

test('ends when its reader leaves, and when the site does', async () => {
  const site = await sites.open()
  const leaving = new AbortController()
  const left = (async () => {
    for await (const _ of sites.emulator.events(site, '', leaving.signal));
    return 'ended'
  })()
  leaving.abort()
  expect(await left).toBe('ended')
  const outlived = read(site, '', 1)
  await sites.emulator.deleteSite(site)
  expect(await outlived).toEqual([])
  const gone = read(site, '', 1)
  await expect(gone).rejects.toMatchObject({ code: 'unknown-site' })
})
