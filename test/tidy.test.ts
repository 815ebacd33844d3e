/**
 * The house rules hold, and each of them can fail.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as rules from './tidy/rules.ts'
import { functionsIn, scan } from './tidy/scan.ts'

const TOP = fileURLToPath(new URL('..', import.meta.url))
/** Not ours, or not text that anybody wrote. */
const SKIPPED = new Set([
  'node_modules',
  '.git',
  '.data',
  'dist',
  'coverage',
  'package-lock.json',
  'LICENSE',
])
const TEXT = /(\.(ts|mjs|js|json|md|ya?ml|sh|conf|html|css|txt|snap)|^[^.]*|ignore|Dockerfile.*)$/

function read(folder: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (SKIPPED.has(entry.name)) continue
    if (entry.isDirectory()) Object.assign(files, read(path))
    else if (entry.isFile() && TEXT.test(entry.name)) {
      files[relative(TOP, path).split(sep).join('/')] = readFileSync(path, 'utf8')
    }
  }
  return files
}

const project: rules.Project = { files: read(TOP), entries: readdirSync(TOP) }

const of = (files: Record<string, string>, entries: string[] = []): rules.Project => ({
  files,
  entries,
})
const long = (lines: number) => 'x()\n'.repeat(lines)
const HEADED = '/** Says what it is. */\n'

interface Held {
  rule: rules.Rule
  /** Breaks it. */
  bad: rules.Project
  /** Comes close and does not. */
  good: rules.Project
}

const RULES: Record<string, Held> = {
  'imports go one way: test, services, machines, xstate': {
    rule: rules.oneWay,
    bad: of({ 'machines/a.ts': "import { b } from '../services/b.ts'" }),
    good: of({ 'machines/a.ts': "// from '../services/b.ts'\nimport { c } from './c.ts'" }),
  },
  'services never import tests': {
    rule: rules.oneWay,
    bad: of({ 'services/a.ts': "const b = await import('../test/b.ts')" }),
    good: of({ 'services/a.ts': "import { b } from '../machines/b.ts'" }),
  },
  'machines import xstate and their own files, nothing else': {
    rule: rules.oneWay,
    bad: of({ 'machines/a.ts': "import { join } from 'node:path'" }),
    good: of({ 'machines/a.ts': "import { setup } from 'xstate'" }),
  },
  'roles never import one another': {
    rule: rules.rolesApart,
    bad: of({ 'services/mta.ts': "import type { Store } from './store.ts'" }),
    good: of({ 'services/mta.ts': "import { step } from './runtime/store.ts'" }),
  },
  'machines know no clock, no chance and no process': {
    rule: rules.pure,
    bad: of({ 'machines/a.ts': 'const at = Date.now()' }),
    good: of({ 'machines/a.ts': "/** No Date here. */\nconst text = 'Date.now()'" }),
  },
  'what is imported is declared': {
    rule: rules.declared,
    bad: of({
      'package.json': '{"devDependencies":{"vitest":"1"}}',
      'services/a.ts': "import { test } from 'vitest'",
    }),
    good: of({
      'package.json': '{"devDependencies":{"vitest":"1"}}',
      'test/a.ts': "import { test } from 'vitest/config'",
    }),
  },
  'lines are narrow': {
    rule: rules.narrowLines,
    bad: of({ 'services/a.ts': `const a = '${'a'.repeat(rules.LINE_COLUMNS)}'` }),
    good: of({ 'services/a.ts': `// ${'→'.repeat(rules.LINE_COLUMNS - 3)}` }),
  },
  'files are short': {
    rule: rules.shortFiles,
    bad: of({ 'services/a.ts': long(rules.FILE_LINES + 1) }),
    good: of({ 'services/a.ts': long(rules.FILE_LINES) }),
  },
  'functions are short': {
    rule: rules.shortFunctions,
    bad: of({ 'services/a.ts': `function a(): void {\n${long(rules.FUNCTION_LINES)}}` }),
    good: of({ 'services/a.ts': `function a(): void {\n${long(rules.FUNCTION_LINES - 2)}}` }),
  },
  'every file says first what it is': {
    rule: rules.header,
    bad: of({ 'machines/a.ts': "import { b } from './b.ts'\n/** Too late. */" }),
    good: of({ 'services/a.mjs': `#!/usr/bin/env node\n${HEADED}` }),
  },
  'no barrels': {
    rule: rules.noBarrels,
    bad: of({ 'services/api/index.ts': HEADED }),
    good: of({ 'services/api/app.ts': "export { a } from './a.ts'" }),
  },
  'no drawers for everything': {
    rule: rules.noBarrels,
    bad: of({ 'test/support/utils.ts': HEADED }),
    good: of({ 'test/support/redis.ts': HEADED }),
  },
  'nothing is left unfinished': {
    rule: rules.finished,
    bad: of({ 'machines/README.md': `${'TO'}${'DO'}: say why` }),
    good: of({ 'machines/README.md': 'all is done, todo es bueno' }),
  },
  'the whole suite runs': {
    rule: rules.wholeSuite,
    bad: of({ 'test/a.test.ts': "test.only.each([1])('a', () => {})" }),
    good: of({ 'test/a.test.ts': "test('only one', () => skip.only(1))" }),
  },
  'no test is tried again': {
    rule: rules.wholeSuite,
    bad: of({ 'test/a.test.ts': "test('a', { retry: 2 }, () => {})" }),
    good: of({ 'test/a.test.ts': "test('a', { timeout: 2 }, () => {})" }),
  },
  'no error is swallowed': {
    rule: rules.noSwallowedErrors,
    bad: of({ 'services/a.ts': 'try { a() } catch (error) {\n  // never mind\n}' }),
    good: of({ 'services/a.ts': 'try { a() } catch { return null }' }),
  },
  'no promise swallows its error': {
    rule: rules.noSwallowedErrors,
    bad: of({ 'services/a.ts': 'await b.catch(() => {})' }),
    good: of({ 'services/a.ts': 'await b.catch((error) => log(error))' }),
  },
  'no paths of a machine': {
    rule: rules.noMachinePaths,
    bad: of({ 'docker/compose.yaml': `- ${'/ho'}me/anna/data:/data` }),
    good: of({ 'docker/compose.yaml': '- ./home/data:/data' }),
  },
  'the top level is fixed': {
    rule: rules.topLevel,
    bad: of({}, ['package.json', 'scripts']),
    good: of({}, ['package.json', 'machines', '.ci', 'README.md']),
  },
  'no file is dead': {
    rule: rules.noDeadFiles,
    bad: of({ 'package.json': '"tsx services/a.ts"', 'services/a.ts': '', 'services/b.ts': '' }),
    good: of({
      'package.json': '"tsx services/a.ts"',
      'services/a.ts': "import './c/b.ts'",
      'services/c/b.ts': "spawn(new URL('../d.mjs', import.meta.url))",
      'services/d.mjs': '',
    }),
  },
  'no modules run each other': {
    rule: rules.noCircles,
    bad: of({
      'machines/a.ts': "import { b } from './b.ts'",
      'machines/b.ts': "import { c } from './c/c.ts'",
      'machines/c/c.ts': "import {\n  type A,\n  a,\n} from '../a.ts'",
    }),
    good: of({
      'machines/a.ts': "import { b } from './b.ts'",
      'machines/b.ts': "import type { A } from './a.ts'\nimport { type B } from './a.ts'",
    }),
  },
  'what runs is used by more than its tests': {
    rule: rules.noDeadFiles,
    bad: of({ 'machines/a.ts': '', 'test/a.test.ts': "import '../machines/a.ts'" }),
    good: of({ 'test/support/a.ts': '', 'test/a.test.ts': "import './support/a.ts'" }),
  },
}

describe.each(Object.entries(RULES))('%s', (_name, { rule, bad, good }) => {
  test('here', () => {
    expect(rule(project)).toEqual([])
  })
  test('a bad example is found', () => {
    expect(rule(bad)).not.toEqual([])
  })
  test('a good one is not', () => {
    expect(rule(good)).toEqual([])
  })
})

describe('the scanner', () => {
  test.each([
    ["a('// b') // c", 'a(      )     '],
    [`\`$\{a(\`}\`)}\` + b`, '            + b'],
    ['a / b / c', 'a / b / c'],
    ['x = /[/"]/.test(y) /* z */', 'x =       .test(y)        '],
    ["'it\\'s' + d", '        + d'],
  ])('%s', (text, code) => {
    expect(scan(text).code).toBe(code)
  })

  test.each([
    ['function a(b: { c: number }): { d: string } {\n\n}', 3],
    ['const a = async (b: string): Promise<Map<string, { c: 1 }>> => {\n}', 2],
    ['class A {\n  b(c = d(1)): void {\n\n\n  }\n}', 4],
    ['export async function* a<T extends { b: 1 }>(c: T): AsyncIterable<{ d: 1 } | T> {\n}', 2],
  ])('%s', (text, lines) => {
    expect(functionsIn(text).map(({ first, last }) => last - first + 1)).toEqual([lines])
  })

  test.each(['if (a) {\n}', 'b ? c(1) : { d: 2 }', 'for (const a of b()) {\n}', 'e({ f: 1 })'])(
    '%s has no function',
    (text) => {
      expect(functionsIn(text)).toEqual([])
    },
  )

  test('the project is read', () => {
    expect(Object.keys(project.files)).toEqual(
      expect.arrayContaining(['package.json', 'test/tidy.test.ts', 'machines/protocol.ts']),
    )
  })
})
