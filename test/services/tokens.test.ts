/** Tokens: which lines of a file are taken, which are refused in words, and who is let in. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXIT, StartError } from '../../services/setup/start-error.mjs'
import {
  findToken,
  makeSecret,
  parseTokens,
  permits,
  readTokens,
  SCOPES,
  SECRET_CHARACTERS_MAX,
  SECRET_CHARACTERS_MIN,
  TOKENS_MAX,
} from '../../services/tokens.ts'
import { temporaryFolder } from '../support/folder.ts'
import { startProgram } from '../support/program.ts'

const secret = 's'.repeat(SECRET_CHARACTERS_MIN)
const other = 'o'.repeat(SECRET_CHARACTERS_MIN)

test('a file of tokens: a line each, with comments and empty lines', () => {
  const text = `# who may do what\n\nci read,inject ${secret}\r\noperator  operate  ${other}\n`
  const tokens = parseTokens(text, 'tokens')
  expect(tokens.map(({ name, scopes }) => [name, scopes])).toEqual([
    ['ci', ['read', 'inject']],
    ['operator', ['operate']],
  ])
  const ci = findToken(tokens, secret)
  expect(ci?.name).toBe('ci')
  expect(SCOPES.map((scope) => ci && permits(ci, scope))).toEqual([true, true, false])
  expect(findToken(tokens, other)?.name).toBe('operator')
})

test.each(['', 's', secret.slice(1), `${secret}s`, ` ${secret}`, secret.toUpperCase(), '\0'])(
  '%j is nobody',
  (wrong) => {
    expect(findToken(parseTokens(`ci read ${secret}`, 'tokens'), wrong)).toBeNull()
  },
)

test('what is far too long is nobody, and not even hashed', () => {
  const long = 's'.repeat(SECRET_CHARACTERS_MAX + 1)
  expect(findToken(parseTokens(`ci read ${secret}`, 'tokens'), long)).toBeNull()
})

test('the secret itself is not kept', () => {
  expect(JSON.stringify(parseTokens(`ci read ${secret}`, 'tokens'))).not.toContain(secret)
})

test('a made secret is taken, and never made twice', () => {
  const made = Array.from({ length: 50 }, makeSecret)
  expect(new Set(made).size).toBe(50)
  const text = made.map((each, index) => `n${index} read ${each}`).join('\n')
  expect(parseTokens(text, 'tokens')).toHaveLength(50)
})

describe('a line is refused with its number and without its secret', () => {
  const short = secret.slice(1)
  test.each([
    ['', 'holds no token'],
    ['# nothing', 'holds no token'],
    [secret, 'line 1: write a name, scopes and a secret'],
    [`ci read ${secret} more`, 'line 1: write a name'],
    [`c/i read ${secret}`, 'line 1: a name has'],
    [`ci write ${secret}`, 'line 1: scopes are some of read, inject, operate'],
    [`ci read, ${secret}`, 'line 1: scopes'],
    [`ci toString ${secret}`, 'line 1: scopes'],
    [`ci read ${short}`, 'line 1: a secret has 24 to 256'],
    [`ci read ${'s'.repeat(SECRET_CHARACTERS_MAX + 1)}`, 'line 1: a secret'],
    [`ci read ${secret}ä`, 'line 1: a secret'],
    [`a read ${secret}\nb read ${secret}`, 'line 2: its name or secret was used'],
    [`a read ${secret}\na read ${other}`, 'line 2: its name or secret was used'],
  ])('%j', (text, words) => {
    const refusal = refusalOf(text)
    expect(refusal.message).toContain(words)
    expect(refusal.exitCode).toBe(EXIT.usage)
    expect(refusal.message).not.toContain(short)
  })

  test('too many of them', () => {
    const line = (index: number) => `n${index} read ${makeSecret()}`
    const lines = Array.from({ length: TOKENS_MAX + 1 }, (_, index) => line(index))
    expect(refusalOf(lines.join('\n')).message).toContain(`${TOKENS_MAX} may be`)
    expect(parseTokens(lines.slice(1).join('\n'), 'tokens')).toHaveLength(TOKENS_MAX)
  })

  test('a file that is not there', () => {
    expect(() => readTokens(join(temporaryFolder(), 'none'))).toThrow(/cannot be read: ENOENT/)
  })
})

function refusalOf(text: string): StartError {
  try {
    parseTokens(text, 'tokens')
  } catch (error) {
    if (error instanceof StartError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const run = async (...args: string[]) => {
  const program = startProgram(['services/setup/run.mjs', 'token', ...args])
  const { code } = await program.ended
  return { code, lines: program.lines }
}

describe('npm run -s token', () => {
  test('prints a line that the service takes', async () => {
    const { code, lines } = await run('ci', '--scopes', 'read,inject')
    expect(code).toBe(0)
    const [token] = parseTokens(lines.join('\n'), 'printed')
    expect(token).toMatchObject({ name: 'ci', scopes: ['read', 'inject'] })
  })

  test('prints it for a program', async () => {
    const { lines } = await run('ci', '--scopes', 'read', '--json')
    const { name, scopes, secret } = JSON.parse(lines.join(''))
    expect({ name, scopes }).toEqual({ name: 'ci', scopes: ['read'] })
    expect(parseTokens(`ci read ${secret}`, 'printed')).toHaveLength(1)
    const file = join(temporaryFolder(), 'tokens')
    const kept = await run('ci', '--file', file, '--json')
    expect(JSON.parse(kept.lines.find((line) => line.startsWith('{')) ?? '')).toEqual({
      name: 'ci',
      file,
    })
  })

  test('adds to a file that only its owner reads, and prints no secret', async () => {
    const file = join(temporaryFolder(), 'tokens')
    expect((await run('a', '--file', file)).code).toBe(0)
    const first = readFileSync(file, 'utf8')
    const made = first.trim().split(' ')[2] as string
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const again = await run('a', '--file', file)
    expect(again).toEqual({ code: 1, lines: [`${file} has a token "a".`] })
    const kept = await run('a', '--file', file, '--keep')
    expect(kept).toEqual({ code: 0, lines: [`${file} has a token "a", which is kept.`] })
    expect(readFileSync(file, 'utf8')).toBe(first)
    const second = await run('b', '--scopes', 'read', '--file', file)
    expect(second.lines).toEqual([`The token "b" is in ${file}.`])
    const tokens = readTokens(file)
    expect(tokens.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(findToken(tokens, made)?.name).toBe('a')
  })

  test.each([
    [[], /one name is needed/],
    [['a', 'b'], /one name is needed/],
    [['a', '--scopes', 'all'], /--scopes: some of read, inject, operate; 'all' is not/],
    [['a b'], /write a name/],
    [['a', '--keep'], /--keep goes with --file/],
    [['a', '--colour'], /--colour/],
  ])('%j is refused in words, with exit status 2', async (args, words) => {
    const { code, lines } = await run(...args)
    expect(code).toBe(2)
    expect(lines.join('\n')).toMatch(words)
  })

  test('a file that is spoiled is not made worse', async () => {
    const file = join(temporaryFolder(), 'tokens')
    writeFileSync(file, 'nonsense\n')
    expect((await run('a', '--file', file)).code).toBe(2)
    expect(readFileSync(file, 'utf8')).toBe('nonsense\n')
  })
})
