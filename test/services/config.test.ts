/**
 * Options: where a value comes from, what is refused and in which words, and a help that lists
 * every option.
 */
import { expect, test } from 'vitest'
import { helpText, readInvocation } from '../../services/config.ts'
import { type Config, OPTIONS, type Option } from '../../services/options.ts'
import { EXIT, StartError } from '../../services/setup/start-error.mjs'
import { hostText } from '../../services/smart-host/name.ts'

function read(args: string[], env: NodeJS.ProcessEnv = {}): Config {
  const invocation = readInvocation(args, env)
  if (invocation.help) throw new Error('asked for help')
  return invocation.config
}

function refusal(args: string[], env: NodeJS.ProcessEnv = {}): string {
  try {
    read(args, env)
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    expect(error.exitCode).toBe(EXIT.usage)
    return error.message
  }
  throw new Error('nothing was refused')
}

test('without options everything runs, on loopback only, in the documented places', () => {
  expect(read([])).toEqual({
    host: '127.0.0.1',
    port: 3000,
    smtpPort: 1025,
    lmtpPort: null,
    pop3Port: 1110,
    smtpTls: 'off',
    smartHost: null,
    defects: [],
    profiles: [],
    tokens: null,
    redisUrl: null,
    namespace: 'undeliverable',
    data: `${process.cwd()}/.data`,
    durability: 'everysec',
    replicas: 'auto',
    redisMemory: null,
    queueLimit: 50_000,
    keepDays: 7,
    keepMessages: 100_000,
    keepMegabytes: 1_024,
    keepSteps: 200_000,
    roles: 'all',
    server: null,
    site: null,
    concurrency: 200,
    workerProcesses: 1,
    demo: true,
    json: false,
    logLevel: 'warn',
  })
})

test('the command line wins over the environment, and the environment over the default', () => {
  const env = { PORT: '4000', REDIS_URL: 'redis://elsewhere' }
  expect(read([], env)).toMatchObject({ port: 4000, redisUrl: 'redis://elsewhere' })
  expect(read(['--port', '5000'], env).port).toBe(5000)
  expect(read(['--port=5000'], env).port).toBe(5000)
})

test.each([
  [['--role', 'mta'], ['mta']],
  [
    ['--role', 'mta', '--role', 'store'],
    ['mta', 'store'],
  ],
  [
    ['--role', 'mta,store,mta'],
    ['mta', 'store'],
  ],
  [['--role', 'mta,all'], 'all'],
])('%j runs %j', (args, roles) => {
  expect(read(args).roles).toEqual(roles)
})

test('a role can be narrowed to a server and a site, everything together cannot', () => {
  const args = ['--server', 'nyc', '--site', 'demo']
  expect(read(['--role', 'store', ...args])).toMatchObject({ server: 'nyc', site: 'demo' })
  expect(refusal(args)).toContain('name it with --role')
})

test('--no-demo, and its environment variable', () => {
  expect(read(['--no-demo']).demo).toBe(false)
  expect(read([], { UNDELIVERABLE_NO_DEMO: '1' }).demo).toBe(false)
  expect(read([], { UNDELIVERABLE_NO_DEMO: '0' }).demo).toBe(true)
})

test('HOST in the environment counts only as an address: some shells keep a name in it', () => {
  expect(read([], { HOST: 'my-laptop' }).host).toBe('127.0.0.1')
  const tokens = { UNDELIVERABLE_TOKENS: 'tokens' }
  expect(read([], { HOST: '0.0.0.0', ...tokens }).host).toBe('0.0.0.0')
  expect(read(['--host', 'my-laptop'], tokens).host).toBe('my-laptop')
})

test.each([
  ['mail.example:25', { host: 'mail.example', port: 25 }],
  ['[::1]:2525', { host: '::1', port: 2525 }],
  ['off', null],
])('the smart host %s', (text, smartHost) => {
  expect(read(['--smart-host', text]).smartHost).toEqual(smartHost)
  if (smartHost) expect(hostText(smartHost)).toBe(text)
})

test.each(['mail.example', '::1:25', 'mail.example:0', 'a b:25', ':25'])(
  'no smart host is called %s',
  (text) => expect(refusal(['--smart-host', text])).toContain('--smart-host'),
)

test('the file of tokens, wherever the service runs', () => {
  expect(read(['--tokens', 'secret/tokens']).tokens).toBe(`${process.cwd()}/secret/tokens`)
})

test.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1'])(
  '%s is loopback, and asks for no token',
  (host) => {
    expect(read(['--host', host])).toMatchObject({ host, tokens: null })
  },
)

test.each([
  '0.0.0.0',
  '::',
  '192.0.2.1',
  '10.0.0.1',
  'my-laptop',
  '::ffff:192.0.2.1',
  '127.0.0.1.example',
])('at %s others could reach it: without tokens that is refused, with the way out', (host) => {
  const words = refusal(['--host', host])
  expect(words).toContain(`At ${host} other machines may reach the service`)
  expect(words).toContain(`npm start -- --host ${host} --tokens tokens`)
  expect(refusal(['--host', host, '--role', 'mta,api'])).toBe(words)
  expect(read(['--host', host, '--role', 'mta']).host).toBe(host)
  expect(read(['--host', host, '--tokens', 'tokens']).host).toBe(host)
})

test.each([
  [['--prot', '1'], {}, /Unknown option '--prot'.*\n.*--help/],
  [['start'], {}, /Unexpected argument 'start'/],
  [['--port'], {}, /--port.*missing/],
  [['--port', 'http'], {}, /^--port is a whole number from 0 to 65535; 'http' is not\.$/],
  [[], { PORT: '70000' }, /^PORT is a whole number/],
  [['--durability', 'yes'], {}, /--durability is one of memory, everysec, always; 'yes' is not/],
  [['--role', 'mta,stor'], {}, /--role is one of api, mta, store, moves, directory/],
  [['--namespace', '{x}'], {}, /--namespace consists of letters/],
  [['--server', 'NYC'], {}, /--server consists of a-z/],
  [['--redis-url', 'http://x'], {}, /^--redis-url: 'http:\/\/x' is no Redis that can be used/],
  [[], { REDIS_URL: 'redis://:secret@' }, /^REDIS_URL: 'redis:\/\/:\*\*\*@'/],
])('%j %j is refused in clear words', (args, env, words) => {
  expect(refusal(args, env)).toMatch(words)
})

test('the help lists every option with its default and its environment variable', () => {
  expect(readInvocation(['--help', '--port', 'x'], {})).toEqual({ help: true })
  const help = helpText()
  const options: Option<unknown>[] = Object.values(OPTIONS)
  for (const option of options) {
    expect(help).toContain(`--${option.name}`)
    expect(help).toContain(`default: ${option.default ?? option.defaultText}`)
    expect(help).toContain(`env: ${option.env}`)
  }
  for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(110)
})
