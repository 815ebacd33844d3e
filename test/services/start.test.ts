/**
 * The real service, as `npm start` runs it: everything up, mail delivered, a worker killed, the
 * data there again.
 */
import { createServer } from 'node:net'
import { expect, inject, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { type Program, plainEnvironment, startProgram } from '../support/program.ts'

const RUN = 'services/setup/run.mjs'

function start(data: string): Program {
  return startProgram([RUN, 'start', '--port', '0', '--data', data, '--durability', 'always'])
}

async function urlOf(service: Program): Promise<string> {
  await service.line(/^ {2}processes/)
  return (await service.line(/^ {2}HTTP/)).trim().split(/\s+/)[1] ?? ''
}

async function submit(url: string): Promise<string> {
  const answer = await fetch(`${url}/sites/demo/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'carol@demo.example', to: ['dave@demo.example'], subject: 'hi' }),
  })
  expect(answer.status).toBe(202)
  const { id, durability } = (await answer.json()) as { id: string; durability: string }
  expect(durability).toBe('always')
  return id
}

async function settled(url: string, id: string): Promise<unknown> {
  const query = 'until=settled&timeout=20s'
  const place = `${url}/sites/demo/messages/${id}/recipients/dave@demo.example`
  return (await fetch(`${place}?${query}`)).json()
}

async function stop(service: Program): Promise<void> {
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
}

const delivered = { reached: true, entries: [expect.objectContaining({ outcome: 'delivered' })] }

test('mail goes through, a killed worker costs nothing, a second start has it all', async () => {
  const data = temporaryFolder()
  const first = start(data)
  const url = await urlOf(first)
  const before = await submit(url)
  expect(await settled(url, before)).toMatchObject(delivered)
  const worker = /worker (\d+)/.exec(await first.line(/^ {2}processes/))?.[1]
  process.kill(Number(worker), 'SIGKILL')
  const between = await submit(url)
  await first.line(/^The worker process is up again/)
  expect(await settled(url, between)).toMatchObject(delivered)
  await stop(first)

  const second = start(data)
  const urlAgain = await urlOf(second)
  for (const id of [before, between]) {
    expect(await settled(urlAgain, id)).toMatchObject(delivered)
  }
  await stop(second)
})

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
