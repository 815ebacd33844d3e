/**
 * README.md and services/README.md name only what exists: commands, options, environment variables,
 * paths, endpoints, scenarios, packages.
 *
 * That the outputs in them are real is for whoever changes them to see to; that nothing in them is
 * gone is seen here.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { USAGE as CHECK_USAGE } from '../services/check/explore/options.ts'
import { commands } from '../services/cli/commands.ts'
import { helpText } from '../services/config.ts'
import { OPTIONS } from '../services/options.ts'
import { USAGE } from '../services/scenario/options.ts'
import { appOver } from './services/api/partial-emulator.ts'

const TOP = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(TOP, path), 'utf8')
const PAGES = ['README.md', 'services/README.md']
const page = read('README.md')
const pages = PAGES.map((path) => ({ path, text: read(path) }))
const manifest = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
  exports: Record<string, unknown>
}

/** The first group of every match, once each. */
function found(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))]
}

/** Named, so that a pattern that finds nothing any more fails as well. */
function all(pattern: RegExp, least: number): string[] {
  const names = found(pages.map(({ text }) => text).join('\n'), pattern)
  expect(names.length).toBeGreaterThanOrEqual(least)
  return names
}

const missing = (names: string[], there: Iterable<string>): string[] => {
  const known = new Set(there)
  return names.filter((name) => !known.has(name))
}

test('every npm script exists', () => {
  const builtIn = ['ci', 'uninstall']
  const run = all(/npm run (?:-s )?([\w:-]+)/g, 2)
  const short = all(/npm (start|test|ci)\b/g, 2)
  expect(missing([...run, ...short], [...Object.keys(manifest.scripts), ...builtIn])).toEqual([])
})

test('every option of the service exists, and the help is the one that is printed', () => {
  const lines = all(/npm start -- (.+)/g, 3).flatMap((line) => found(line, /--([a-z][\w-]*)/g))
  const quoted = all(/`--([a-z][\w-]*)/g, 5)
  const known = [...Object.values(OPTIONS).map(({ name }) => name), 'help']
  const scenario = found(USAGE, /--([a-z]+)/g)
  expect(missing(lines, known)).toEqual([])
  const check = found(CHECK_USAGE, /--([a-z][\w-]*)/g)
  expect(missing(quoted, [...known, ...scenario, ...check])).toEqual([])
  expect(page).toContain(helpText())
})

test('every option of a scenario exists', () => {
  const lines = all(/npm run -s scenario -- (.+)/g, 3)
  const used = lines.flatMap((line) => found(line, /--([a-z]+)/g))
  expect(missing(used, found(USAGE, /--([a-z]+)/g))).toEqual([])
})

test('every option of a search exists', () => {
  const lines = all(/npm run -s check -- (.+)/g, 2)
  const used = lines.flatMap((line) => found(line, / --([a-z][\w-]*)/g))
  expect(missing(used, found(CHECK_USAGE, /--([a-z][\w-]*)/g))).toEqual([])
})

test('every environment variable is read', () => {
  const known = Object.values(OPTIONS).map((option) => ('env' in option ? option.env : ''))
  const names = all(/\b(UNDELIVERABLE_[A-Z_]+|REDIS_URL)\b/g, 3)
  expect(missing(names, [...known, 'UNDELIVERABLE_NO_INSTALL', 'UNDELIVERABLE_TOKEN'])).toEqual([])
})

test('every scenario exists, and the one that is shown is the file', () => {
  const names = all(/npm run -s scenario -- ([a-z][\w-]*)/g, 2)
  const there = names.filter((name) => existsSync(join(TOP, 'test/scenarios', `${name}.yaml`)))
  expect(missing(names, there)).toEqual([])
  const [shown = ''] = found(page, /```yaml\n([\s\S]*?)```/g)
  const [name = ''] = found(shown, /^name: (.+)$/gm)
  expect(shown).toBe(read(`test/scenarios/${name}.yaml`))
})

test.each(PAGES)('every path that %s names exists', (path) => {
  const text = read(path)
  const links = found(text, /\]\(([^)#:]+)\)/g).map((link) => join(dirname(path), link))
  const named = found(text, /(?:^|[\s`(])((?:\.ci|docker|machines|services|test)\/[\w./-]*\w)/gm)
  const paths = [...links, ...named]
  expect(paths.length).toBeGreaterThan(0)
  expect(paths.filter((each) => !existsSync(join(TOP, each)))).toEqual([])
})

test('every test that is named exists, and each kind of death names one', () => {
  const texts = [...PAGES, 'SECURITY.md', 'docker/README.md', 'machines/README.md'].map(read)
  const named = found(texts.join('\n'), /`(test\/[\w./-]+\.test\.ts)`/g)
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((path) => !existsSync(join(TOP, path)))).toEqual([])
  const [, deaths = ''] = read('services/README.md').split('## What happens when something dies')
  const rows = deaths.split('\n').filter((line) => /^\| (?!what dies)/.test(line))
  expect(rows.length).toBeGreaterThan(20)
  const last = rows.map((row) => row.split('|').at(-2) ?? '')
  expect(last.filter((cell) => !/`test\/[\w./-]+\.test\.ts`/.test(cell))).toEqual([])
})

test('every endpoint exists', async () => {
  const described = (await operations()).map(({ method, path }) => `${method} ${path}`)
  const named = all(/`((?:GET|POST|PUT|PATCH|DELETE) …\/[\w/:.-]+)/g, 3)
  const unknown = named.filter((name) => {
    const [method = '', path = ''] = name.replace(/:\w+|yyyymmdd\.log/g, '*').split(' …')
    return !described.some((each) => each.startsWith(`${method} `) && each.endsWith(path))
  })
  expect(unknown).toEqual([])
})

test('every page of the service exists', async () => {
  const pagesOfItsOwn = ['/problems', '/metrics', '/docs', '/queues', '/audit', '/login']
  const described = (await operations()).map(({ path }) => path)
  expect(missing(all(/`(\/[a-z]+)`/g, 5), [...described, ...pagesOfItsOwn])).toEqual([])
})

interface Operation {
  method: string
  /** With a star for each parameter. */
  path: string
}

async function operations(): Promise<Operation[]> {
  const app = await appOver({})
  const { paths } = app.swagger() as { paths: Record<string, Record<string, unknown>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replace(/\{\w+\}/g, '*'),
    })),
  )
}

test('what curl asks for exists', async () => {
  const described = (await operations()).map(({ path }) => path)
  const asked = all(/curl .*?(?:\$SITE|\$LAB)(\/[\w/$~.-]*)/g, 6)
  const paths = asked.map((path) =>
    `/sites/*${path}`.replace(/\/(\$[\w~]+|anna|carol|ann|team|everybody|\d{8}\.log)/g, '/*'),
  )
  expect(missing(paths, described)).toEqual([])
})

test('each dependency has its reason and its licence, and no other has', () => {
  const [table = ''] = found(page, /## Dependencies at run time\n([\s\S]*?)\n## /g)
  const rows = table.split('\n').filter((line) => line.startsWith('| `'))
  const said = rows.flatMap((row) => {
    const [, names = '', , licence = ''] = row.split('|').map((cell) => cell.trim())
    return found(names, /`([^`]+)`/g).map((name) => [name, licence])
  })
  const { dependencies, peerDependencies } = manifest
  const real = Object.keys({ ...dependencies, ...peerDependencies }).map((name) => {
    const { license } = JSON.parse(read(`node_modules/${name}/package.json`))
    return [name, license]
  })
  expect(said.sort()).toEqual(real.sort())
})

test.each([
  [0, 'test/examples/chaos.test.ts'],
  [1, 'test/examples/property.mjs'],
])('the program that is shown as number %i is %s, but for its first line', (number, path) => {
  const shown = found(page, /```ts\n([\s\S]*?)```/g)[number]
  expect(read(path)).toMatch(/^\/\*\*.*\*\/\n/)
  expect(read(path).replace(/^.*\n/, '')).toBe(shown)
})

test('what is imported of the package is exported, and its commands exist', () => {
  const imported = all(/\bundeliverable(\/[a-z]+)\b/g, 4).map((path) => `.${path}`)
  expect(missing(imported, Object.keys(manifest.exports))).toEqual([])
  const typed = all(/(?:npx|`|\()\s?undeliverable ([a-z]+)/g, 5)
  expect(
    missing(
      typed,
      commands.map(({ name }) => name),
    ),
  ).toEqual([])
})
