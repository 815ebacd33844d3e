/**
 * The image without an engine: the Dockerfile's own commands in a clean folder, on this machine's
 * Node, then the service as the container would start it, and its health check against it.
 *
 * Not seen here: the base image, the user, the mounts, and that the root is only read.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { checkout, plainEnvironment, startProgram } from '../support/program.ts'

interface Instruction {
  name: string
  /** Of an exec form, its words; of any other, the text. */
  words: string[]
}

const instructions: Instruction[] = readFileSync(join(checkout, 'docker/Dockerfile'), 'utf8')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [name = '', ...rest] = line.split(' ')
    const exec = /\[.*\]$/.exec(line)?.[0]
    return { name, words: exec === undefined ? rest : (JSON.parse(exec) as string[]) }
  })

/** What must be there already, or cannot be had without a container. */
const ELSEWHERE = /\/tokens\b/

/** Does in a folder what the build does in an image, stage by stage. */
function build(root: string): void {
  const stages: string[] = []
  for (const { name, words } of instructions) {
    const folder = stages.at(-1) ?? ''
    if (name === 'FROM') {
      stages.push(join(root, `stage-${stages.length}`))
      mkdirSync(stages.at(-1) ?? '')
    }
    if (name === 'RUN' && !ELSEWHERE.test(words.join(' '))) {
      expect(shell(words.join(' '), folder), words.join(' ')).toMatchObject({ status: 0 })
    }
    if (name === 'COPY') copy(words, folder, stages)
  }
}

function copy(words: string[], folder: string, stages: string[]): void {
  const [from, ...rest] = words[0]?.startsWith('--from=') ? words : ['', ...words]
  const target = rest.pop() ?? ''
  for (const source of rest) {
    const path =
      from === '' ? join(checkout, source) : join(stages[0] ?? '', source.split('/').pop() ?? '')
    const name = target.endsWith('/') ? source : target
    cpSync(path, join(folder, name), { recursive: true })
  }
}

function shell(command: string, cwd: string): SpawnSyncReturns<string> {
  return spawnSync('sh', ['-ec', command], { cwd, encoding: 'utf8', env: plainEnvironment() })
}

const wordsOf = (name: string): string[] =>
  instructions.findLast((each) => each.name === name)?.words ?? []

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await expect.poll(() => server.listening).toBe(true)
  const address = server.address()
  server.close()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

test('it is built, starts, is healthy, and is ill when it is gone', {
  timeout: 300_000,
}, async () => {
  const root = temporaryFolder()
  build(root)
  const image = join(root, 'stage-1')
  const tokens = join(root, 'tokens')
  const [, ...entry] = wordsOf('ENTRYPOINT')
  const env = plainEnvironment({
    ...Object.fromEntries(
      instructions
        .filter(({ name }) => name === 'ENV')
        .flatMap(({ words }) => words.map((word) => word.split('='))),
    ),
    PORT: String(await freePort()),
    REDIS_URL: inject('redisUrl'),
    // That of the tests keeps no append-only file.
    UNDELIVERABLE_DURABILITY: 'memory',
    UNDELIVERABLE_NAMESPACE: `docker-${process.pid}`,
    UNDELIVERABLE_TOKENS: tokens,
    UNDELIVERABLE_NO_INSTALL: '1',
  })
  const run = (args: string[]) =>
    spawnSync(process.execPath, args, { cwd: image, env, encoding: 'utf8' })
  const made = run([...entry, 'token', 'operator', '--file', tokens, '--keep'])
  expect(made, made.stderr).toMatchObject({ status: 0 })
  const [, ...health] = wordsOf('HEALTHCHECK')
  expect(run(health)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('nothing answers'),
  })

  const service = startProgram([...entry, ...wordsOf('CMD')], env, image)
  await service.line(/^ {2}processes/)
  expect(run(health)).toMatchObject({ status: 0, stderr: '' })
  const url = `http://127.0.0.1:${env.PORT}`
  expect((await fetch(`${url}/sites`)).status).toBe(401)
  const secret = readFileSync(tokens, 'utf8').trim().split(' ')[2]
  const headers = { authorization: `Bearer ${secret}` }
  expect((await fetch(`${url}/sites`, { headers })).status).toBe(200)
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
  expect(run(health)).toMatchObject({ status: 1 })
})
