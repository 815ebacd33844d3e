/** The one table of codes, its documentation and the code that throws them are in step. */

import { readdirSync, readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { PROBLEMS, Problem, problem } from '../../../services/errors.ts'
import { appOver } from './partial-emulator.ts'

const services = fileURLToPath(new URL('../../../services/', import.meta.url))
const codes = Object.keys(PROBLEMS)

describe('the table of codes', () => {
  test.each(Object.entries(PROBLEMS))(
    '%s is well-formed',
    (code, { status, title, description }) => {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(Object.keys(STATUS_CODES)).toContain(String(status))
      expect(status).toBeGreaterThanOrEqual(400)
      expect(title).toMatch(/^[A-Z].*[^.]$/)
      expect(description).toMatch(/\.$/)
    },
  )

  test('is the list in the README, word for word', () => {
    const readme = readFileSync(`${services}README.md`, 'utf8')
    const rows = Object.entries(PROBLEMS).map(([code, { status, title, description }]) => {
      return `| \`${code}\` | ${status} | ${title}. ${description} |`
    })
    expect(readme.match(/^\| `[a-z-]+` \| \d{3} \|.*$/gm)).toEqual(rows)
  })

  test('has no code that nothing throws', () => {
    const source = readdirSync(services, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !/^(access-problems|errors)\.ts$/.test(path))
      .map((path) => readFileSync(`${services}${path}`, 'utf8'))
      .join('\n')
    expect(codes.filter((code) => !source.includes(`'${code}'`))).toEqual([])
  })

  test('is the page that the type of each problem points into', async () => {
    const app = await appOver({})
    const page = await app.inject('/problems')
    expect(page.headers['content-type']).toContain('text/html')
    for (const code of codes) expect(page.body).toContain(`<tr id="${code}">`)
  })
})

test('a problem carries what its code says', () => {
  const refusal = problem('unknown-site', 'there is no site "x"', { site: 'x' })
  expect(refusal).toBeInstanceOf(Problem)
  expect(refusal).toBeInstanceOf(Error)
  expect(refusal).toMatchObject({
    code: 'unknown-site',
    status: 404,
    title: 'No such site',
    detail: 'there is no site "x"',
    message: 'there is no site "x"',
    extra: { site: 'x' },
  })
})

test.each([
  "OOM command not allowed when used memory > 'maxmemory'.",
  'MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.',
  'CLUSTERDOWN The cluster is down',
])('a Redis that takes no more is 503, not a fault of ours: %s', async (message) => {
  const app = await appOver({ sites: () => Promise.reject(new Error(message)) })
  const answer = await app.inject('/sites')
  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toMatchObject({ code: 'unavailable' })
})
