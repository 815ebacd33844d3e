/** A client whose patience ended asks again in the end, and its message is not a second one. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { givenTwiceOf } from '../../../services/chaos/judge.ts'
import { openLoad } from '../../../services/chaos/load.ts'
import { openPromises, readPromises } from '../../../services/chaos/promises.ts'
import { temporaryFolder } from '../../support/folder.ts'

/** Accepts what comes, by its key, and answers nobody until it is calm. */
async function openSilent() {
  const known = new Map<string, string>()
  const state = { calm: false }
  const server = createServer((request, response) => {
    const key = String(request.headers['idempotency-key'])
    known.set(key, `message of ${key}`)
    if (!state.calm) return void request.socket.destroy()
    response.writeHead(202, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ id: known.get(key), recipients: ['anna'] }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, known, state }
}

test('what was accepted without an answer is known by its key in the end', async () => {
  const { url, known, state } = await openSilent()
  const file = join(temporaryFolder(), 'promises.jsonl')
  const promises = await openPromises(file)
  const load = openLoad({ seed: 1, rate: 200, url: () => url, promises, patienceMs: 200 })
  const id = await load.send({ from: 'carol', to: ['anna'], subject: 'Once', text: '' })
  expect(id).toBeNull()
  state.calm = true
  await load.end()
  await promises.close()
  expect(load.told.wrong).toContain('no answer to chaos-1-1 within 0.2 s')
  const promised = await readPromises(file)
  expect(promised.map(({ id }) => id)).toContain('message of chaos-1-1')
  const ids = new Map([...known.values()].map((one) => [one, 1]))
  expect(givenTwiceOf(promised, ids)).toEqual([])
})
