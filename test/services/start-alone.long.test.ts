/** The real service, where something is there before it: a Redis of the user, a taken port. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { checkout, type Program, plainEnvironment, startProgram } from '../support/program.ts'
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

/** What comes on stdout, which `lines` has mixed with stderr. */
function stdoutOf({ child }: Program): () => string {
  let text = ''
  child.stdout?.on('data', (piece) => {
    text += piece
  })
  return () => text
}

test('with --json stdout has one line, and the log is on stderr', async () => {
  const args = ['start', '--json', '--log-level', 'debug', '--port', '0']
  const service = startProgram([RUN, ...args, '--data', temporaryFolder()])
  const stdout = stdoutOf(service)
  const told = JSON.parse(await service.line(/^\{"version"/))
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  expect(told).toMatchObject({ version, demo: 'made', sites: ['demo'], lmtp: null, tls: null })
  for (const port of [told.smtp, told.pop3]) expect(port).toBeGreaterThan(0)
  expect((await fetch(`${told.url}/sites`)).status).toBe(200)
  await service.line(/"url":"\/sites"/)
  await stop(service)
  expect(stdout()).toBe(`${JSON.stringify(told)}\n`)
})

test('so it is with roles that run alone', async () => {
  const env = plainEnvironment({
    REDIS_URL: inject('redisUrl'),
    UNDELIVERABLE_DURABILITY: 'memory',
    UNDELIVERABLE_NAMESPACE: `json-${process.pid}`,
  })
  const alone = (...args: string[]) => {
    const program = startProgram([RUN, 'start', '--json', '--log-level', 'debug', ...args], env)
    return { program, stdout: stdoutOf(program) }
  }
  const [api, store] = [
    alone('--role', 'api', '--port', '0'),
    alone('--role', 'store', '--site', 'demo', '--server', 'nyc'),
  ]
  const told = JSON.parse(await api.program.line(/^\{"version"/))
  expect(told).toMatchObject({ roles: ['api'], sites: ['demo'], durability: { mode: 'memory' } })
  expect((await fetch(`${told.url}/healthz`)).status).toBe(200)
  const of = JSON.parse(await store.program.line(/^\{"version"/))
  expect(of).toMatchObject({ roles: ['store'], site: 'demo', server: 'nyc', url: null })
  for (const { program } of [api, store]) await stop(program)
  expect(api.stdout()).toBe(`${JSON.stringify(told)}\n`)
  expect(store.stdout()).toBe(`${JSON.stringify(of)}\n`)
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
