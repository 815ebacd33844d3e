/**
 * The supervisor with real processes: it keeps everything running, and leaves nothing behind,
 * however it ends.
 *
 * The roles are small stand-ins (test/support/role-fixture.mjs) over the real supervisor and the
 * real embedded Redis.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { removeSocketFolder } from '../../services/redis/lock.ts'
import type { ProcessIdentity } from '../../services/redis/process-identity.ts'
import { temporaryFolder } from '../support/folder.ts'
import {
  expectGone,
  identityOf,
  type Program,
  plainEnvironment,
  startProgram,
} from '../support/program.ts'

function supervise(data: string, behaviour = '', args: string[] = []): Program {
  return startProgram(
    ['test/support/supervise-fixture.ts', '--data', data, ...args],
    plainEnvironment({ ROLE_FIXTURE: behaviour }),
  )
}

const API = /^api is process (\d+)/
const WORKER = /^mta\+store\+moves\+directory is process (\d+)/

async function processOf(service: Program, pattern: RegExp): Promise<ProcessIdentity> {
  return identityOf(Number(pattern.exec(await service.line(pattern))?.[1]))
}

async function everythingOf(service: Program, data: string): Promise<ProcessIdentity[]> {
  await service.line(/^ {2}processes/)
  const { redis, socketFolder } = JSON.parse(readFileSync(join(data, 'service.lock'), 'utf8'))
  // Of a service that is killed, the next one on its data folder would remove it.
  onTestFinished(() => removeSocketFolder(socketFolder))
  return [redis, await processOf(service, API), await processOf(service, WORKER)]
}

test('once everything is up it says where everything is; SIGTERM leaves no process', async () => {
  const data = temporaryFolder()
  const service = supervise(data, '', ['--durability', 'always', '--port', '0'])
  const everything = await everythingOf(service, data)
  const told = service.lines.slice(service.lines.indexOf('Undeliverable is up. Ctrl-C stops it.'))
  expect(told.map((line) => line.trim().replace(/ {2,}/, ': '))).toEqual([
    'Undeliverable is up. Ctrl-C stops it.',
    'HTTP: http://127.0.0.1:3999',
    'queues: http://127.0.0.1:3999/queues',
    'API docs: http://127.0.0.1:3999/docs',
    'demo site: http://127.0.0.1:3999/sites/demo',
    'tokens: none: whoever is on this machine may do everything',
    expect.stringMatching(/^Redis: embedded, \/.*\/redis\.sock \(namespace undeliverable\)$/),
    `data: ${data}`,
    'durability: always: written before it is acknowledged',
    expect.stringMatching(/^processes: API \d+, worker \d+ \(one that dies is started again\)$/),
  ])
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
  await expectGone(...everything)
})

test('for a program it says where everything is in one line, and nothing else', async () => {
  const data = temporaryFolder()
  const service = supervise(data, '', ['--port', '0', '--json'])
  const told = JSON.parse(await service.line(/^\{"version"/))
  expect(told).toMatchObject({
    url: 'http://127.0.0.1:3999',
    demo: 'made',
    smtp: null,
    tokens: null,
    data,
    durability: { mode: 'everysec', words: expect.stringMatching(/^everysec: /) },
    processes: { supervisor: service.pid, api: expect.any(Number), workers: [expect.any(Number)] },
  })
  expect(service.lines.some((line) => line.startsWith('Undeliverable is up'))).toBe(false)
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
})

test('a worker or an API that is killed is started again, the API at the same port', async () => {
  const data = temporaryFolder()
  const service = supervise(data, '', ['--port', '0'])
  const [redis, api, worker] = await everythingOf(service, data)
  process.kill(worker?.pid ?? 0, 'SIGKILL')
  await service.line(/^The worker process died \(signal SIGKILL\); it is started again in 50 ms\.$/)
  await service.line(/^The worker process is up again \(process \d+\)\.$/)
  process.kill(api?.pid ?? 0, 'SIGKILL')
  await service.line(/^The API process is up again/)
  expect(service.lines.filter((line) => API.test(line))[1]).toContain('--port 3999')
  process.kill(redis?.pid ?? 0, 'SIGKILL')
  await service.line(/^The embedded Redis died \(signal SIGKILL\)/)
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
})

test('SIGKILL of the supervisor leaves no process either', async () => {
  const data = temporaryFolder()
  const service = supervise(data)
  const everything = await everythingOf(service, data)
  service.child.kill('SIGKILL')
  await expectGone(...everything)
})

test('under npm, SIGKILL of npm ends everything in good order', async () => {
  const data = temporaryFolder()
  const args = ['--import', 'tsx', 'test/support/supervise-fixture.ts', '--data', data]
  const npm = startProgram(
    [
      '-e',
      `import('node:child_process').then(({ spawn }) =>
        spawn(process.execPath, ${JSON.stringify(args)}, { stdio: 'inherit' }))`,
    ],
    plainEnvironment({ npm_lifecycle_event: 'start' }),
  )
  const everything = await everythingOf(npm, data)
  npm.child.kill('SIGKILL')
  await npm.line(/^Stopping/)
  await expectGone(...everything)
})

test('the same signal twice at once is one request, as npm sends it', async () => {
  const data = temporaryFolder()
  const service = supervise(data)
  await everythingOf(service, data)
  service.child.kill('SIGINT')
  service.child.kill('SIGINT')
  expect(await service.ended).toEqual({ code: 0, signal: null })
})

test('a second signal ends everything at once, even a role that does not listen', async () => {
  const data = temporaryFolder()
  const service = supervise(data, 'deaf')
  const everything = await everythingOf(service, data)
  service.child.kill('SIGINT')
  await service.line(/^Stopping/)
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 130, signal: null })
  await expectGone(...everything)
})

test('a taken port ends it with the reason, and nothing stays behind', async () => {
  const service = supervise(temporaryFolder(), 'port taken')
  expect(await service.ended).toEqual({ code: 1, signal: null })
  expect(service.lines).toContain('Port 3000 is taken.')
  expect(service.lines.at(-1)).toBe('The API process does not start (exit code 3).')
})

test('a role that always crashes is given up in the end', async () => {
  const service = supervise(temporaryFolder(), 'crash')
  expect(await service.ended).toEqual({ code: 1, signal: null })
  expect(service.lines.at(-1)).toMatch(/ does not start \(exit code 1\)\.$/)
})

test('a Redis of the user is used instead, and its password is not shown', async () => {
  const service = startProgram(
    ['services/main.ts'],
    plainEnvironment({ REDIS_URL: 'unix://u:secret@/nowhere/r.sock' }),
  )
  expect(await service.ended).toEqual({ code: 1, signal: null })
  expect(service.lines.at(-1)).toContain('No Redis at unix://u:***@/nowhere/r.sock')
  expect(service.lines.join()).not.toContain('secret')
})

test('a role alone needs the Redis of the others; the program says so and ends', async () => {
  const service = startProgram(['services/main.ts', '--role', 'store'])
  expect(await service.ended).toEqual({ code: 2, signal: null })
  expect(service.lines[0]).toContain('give --redis-url or REDIS_URL')
})

test('a wrong option and --help', async () => {
  const wrong = startProgram(['services/main.ts', '--prot', '80'])
  expect(await wrong.ended).toEqual({ code: 2, signal: null })
  expect(wrong.lines[0]).toMatch(/^Unknown option '--prot'/)
  const help = startProgram(['services/main.ts', '--help'])
  expect(await help.ended).toEqual({ code: 0, signal: null })
  expect(help.lines.join('\n')).toContain('--port NUMBER')
})
