/** A site's own smart host, as it is asked for over HTTP. */
import { expect, test } from 'vitest'
import type { SiteSpec } from '../../../services/runtime/views-of-mail.ts'
import { appOver } from '../api/partial-emulator.ts'

async function post(smartHost: unknown) {
  const made: SiteSpec[] = []
  const app = await appOver({
    queueNames: async () => [],
    createSite: async (spec) => {
      made.push(spec)
      throw new Error('it would have been made')
    },
  })
  const payload = { name: 'lab', servers: ['nyc'], smartHost }
  const answer = await app.inject({ method: 'POST', url: '/sites', payload })
  return { status: answer.statusCode, body: answer.json(), made }
}

test.each(['mail.example:25', '127.0.0.1:2525', '[::1]:25'])('%s is taken', async (smartHost) => {
  expect((await post(smartHost)).made).toMatchObject([{ smartHost }])
})

test.each(['off', 'mail.example', 'x:0', 'x:65536', '::1:25', 'a b:25', 25])(
  '%s is refused',
  async (smartHost) => {
    const { status, body, made } = await post(smartHost)
    expect(made).toEqual([])
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'bad-request', errors: [{ path: '/smartHost' }] })
  },
)
