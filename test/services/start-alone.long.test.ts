/** The real service, where something is there before it: a Redis of the user, a taken port. */
import { createServer } from 'node:net'
import { expect, inject, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { plainEnvironment, startProgram } from '../support/program.ts'
import { delivered, RUN, settled, stop } from '../support/started.ts'

test('roles alone, each in a process of its own, on a Redis of the user', async () => {
  const namespace = `start-${process.pid}`
  const env = plainEnvironment({
    REDIS_URL: inject('redisUrl'),
    UNDELIVERABLE_DURABILITY: 'memory',
    UNDELIVERABLE_NAMESPACE: namespace,
  })
  const alone = (...args: string[]) => startProgram([RUN, 'start', ...args], env)
  const api = alone('--role', 'api', '--port', '0')
  const url = (await api.line(/^ {2}HTTP/)).trim().split(/\s+/)[1] ?? ''
  const workers = [
    alone('--role', 'mta', '--role', 'moves,directory'),
    alone('--role', 'store', '--site', 'demo', '--server', 'nyc'),
    alone('--role', 'store', '--site', 'demo', '--server', 'lon'),
  ]
  expect(await workers[1]?.line(/up \(process/)).toContain('store of demo.nyc up')
  for (const worker of workers) await worker.line(/up \(process/)
  const answer = await fetch(`${url}/sites/demo/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'carol@demo.example', to: ['dave@demo.example'] }),
  })
  const { id } = (await answer.json()) as { id: string }
  expect(await settled(url, id)).toMatchObject(delivered)
  for (const program of [api, ...workers]) await stop(program)
})

test('a taken port is said in clear words, without a stack, and everything ends', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await expect.poll(() => taken.listening).toBe(true)
  const address = taken.address()
  const port = typeof address === 'object' ? address?.port : 0
  const service = startProgram([RUN, 'start', '--port', `${port}`, '--data', temporaryFolder()])
  expect(await service.ended).toEqual({ code: 1, signal: null })
  expect(service.lines).toContain(
    `Port ${port} of 127.0.0.1 is taken by another program. Give --port.`,
  )
  expect(service.lines.join('\n')).not.toMatch(/^ +at /m)
})
