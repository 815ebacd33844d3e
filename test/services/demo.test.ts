/**
 * The demo site: made at the first start, and only then, even if it is deleted or two processes
 * start at once.
 */
import { expect, test } from 'vitest'
import { DEMO_SITE, ensureDemo } from '../../services/demo.ts'
import { problem } from '../../services/errors.ts'
import type { SiteSpec, SiteView } from '../../services/runtime/views-of-mail.ts'
import { freshConnection } from '../support/redis.ts'

/** The part of an emulator that is asked: it remembers which sites there are. */
function emulator() {
  const names = new Set<string>()
  return {
    names,
    async createSite(spec: SiteSpec): Promise<SiteView> {
      if (names.has(spec.name)) throw problem('site-exists', `there is a site ${spec.name}`)
      names.add(spec.name)
      return view(spec.name)
    },
    sites: async (): Promise<SiteView[]> => [...names].map(view),
  }
}

function view(name: string): SiteView {
  const lists = { defects: [], servers: [], mailboxes: [], queues: [] }
  const words = { domain: `${name}.example`, profile: 'modern', createdAt: '', expiresAt: null }
  return { name, paused: false, ...lists, ...words }
}

test('a first start makes it, a second finds it, and once deleted it stays away', async () => {
  const [connection, sites] = [freshConnection(), emulator()]
  expect(await ensureDemo(sites, connection)).toBe('made')
  expect(await ensureDemo(sites, connection)).toBe('present')
  sites.names.delete(DEMO_SITE.name)
  expect(await ensureDemo(sites, connection)).toBe('deleted')
  expect(sites.names.size).toBe(0)
})

test('another namespace of the same Redis gets one of its own', async () => {
  expect(await ensureDemo(emulator(), freshConnection())).toBe('made')
  expect(await ensureDemo(emulator(), freshConnection())).toBe('made')
})

test('two that start at once make one', async () => {
  const [connection, sites] = [freshConnection(), emulator()]
  const states = await Promise.all([ensureDemo(sites, connection), ensureDemo(sites, connection)])
  expect(states.sort()).toEqual(['made', 'present'])
})

test('a start that fails to make it leaves no mark, so the next one makes it', async () => {
  const [connection, sites] = [freshConnection(), emulator()]
  const broken = { ...sites, createSite: () => Promise.reject(new Error('no')) }
  await expect(ensureDemo(broken, connection)).rejects.toThrow('no')
  expect(await ensureDemo(sites, connection)).toBe('made')
})

test('a site demo of the user, made before, is left alone', async () => {
  const [connection, sites] = [freshConnection(), emulator()]
  sites.names.add(DEMO_SITE.name)
  expect(await ensureDemo(sites, connection)).toBe('present')
})
