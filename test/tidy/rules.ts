/**
 * The house rules, each a function from the project's files to what it finds, one line a finding.
 *
 * A rule knows nothing of the disk, so that an example can be put before it and shown to fail.
 */
import { basename, dirname, posix } from 'node:path'
import { functionsIn, type Scanned, scan } from './scan.ts'

export interface Project {
  /** Text by path from the top. */
  files: Record<string, string>
  /** What stands at the top level. */
  entries: string[]
}

export type Rule = (project: Project) => string[]

export const LINE_COLUMNS = 100
export const FILE_LINES = 300
export const FUNCTION_LINES = 70
const ROLES = ['mta', 'store', 'moves', 'directory'].map((role) => `services/${role}.ts`)
const TOP_LEVEL = new Set([
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'biome.json', 'vitest.config.ts'],
  ...['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'CONTRIBUTING.md'],
  ...['services', 'machines', 'docker', 'test', 'node_modules', 'dist'],
])

const isSource = (path: string): boolean => /\.(ts|mjs)$/.test(path)
const isTest = (path: string): boolean => path.startsWith('test/')

const scans = new Map<string, Scanned>()
const scanned = (text: string): Scanned => {
  const known = scans.get(text) ?? scan(text)
  scans.set(text, known)
  return known
}

interface Source extends Scanned {
  path: string
}
const sources = ({ files }: Project): Source[] =>
  Object.entries(files)
    .filter(([path]) => isSource(path))
    .map(([path, text]) => ({ path, ...scanned(text) }))

/** One finding for each line of the given text that matches. */
const linesWith = (path: string, text: string, pattern: RegExp): string[] =>
  text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : []))

const matches = (path: string, text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(
    (found) => `${path}:${text.slice(0, found.index).split('\n').length}: ${found[0].trim()}`,
  )

// Imports

/** What a file imports, statically or not; relative ones as paths from the top. */
export function importsOf({ path, uncommented, code }: Source): string[] {
  const found = [...uncommented.matchAll(/\b(?:from|import)\s*\(?\s*'([^'\n]+)'/g)].filter(
    ({ index }) => /^(from|import)\b/.test(code.slice(index)),
  )
  return found.map(([, name = '']) => resolve(path, name))
}

const resolve = (from: string, name: string): string =>
  name.startsWith('.') ? posix.join(dirname(from), name) : name

export const oneWay: Rule = (project) =>
  sources(project).flatMap((source) => {
    const layer = source.path.split('/')[0] ?? ''
    return importsOf(source)
      .filter((name) => !mayImport(layer, name))
      .map((name) => `${source.path} imports ${name}`)
  })

function mayImport(layer: string, name: string): boolean {
  if (layer === 'machines') return name === 'xstate' || /^machines\/[^/]+\.ts$/.test(name)
  if (layer === 'services') return !name.startsWith('test/')
  return true
}

export const rolesApart: Rule = (project) =>
  sources(project)
    .filter(({ path }) => ROLES.includes(path))
    .flatMap((source) =>
      importsOf(source)
        .filter((name) => ROLES.includes(name))
        .map((name) => `${source.path} imports ${name}`),
    )

const IMPURE = new RegExp(
  `\\b(${[
    ...['Date', 'performance', 'Math\\s*\\.\\s*random', 'crypto', 'process', 'globalThis'],
    ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'console'],
  ].join('|')})\\b`,
  'g',
)

export const pure: Rule = (project) =>
  sources(project)
    .filter(({ path }) => path.startsWith('machines/'))
    .flatMap(({ path, code }) => matches(path, code, IMPURE))

/** What runs is a dependency, or a peer that a user has; only tests may use the development's. */
export const declared: Rule = (project) => {
  const given = JSON.parse(project.files['package.json'] ?? '{}')
  const running = [given.dependencies, given.peerDependencies].flatMap(namesOf)
  const all = [...running, ...namesOf(given.devDependencies), ...[given.name ?? []].flat()]
  return sources(project).flatMap((source) => {
    const allowed = isTest(source.path) || !source.path.includes('/') ? all : running
    return importsOf(source)
      .filter((name) => !name.startsWith('node:') && !(name in project.files) && isPackage(name))
      .filter((name) => !allowed.some((one) => name === one || name.startsWith(`${one}/`)))
      .map((name) => `${source.path} imports ${name}`)
  })
}

const namesOf = (given: object | undefined): string[] => Object.keys(given ?? {})
const isPackage = (name: string): boolean => !/^(machines|services|test)\//.test(name)

// Size

export const narrowLines: Rule = (project) =>
  sources(project).flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const columns = [...line].length
      return columns > LINE_COLUMNS ? [`${path}:${index + 1}: ${columns} columns`] : []
    }),
  )

export const shortFiles: Rule = (project) =>
  sources(project).flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length
    return lines > FILE_LINES ? [`${path}: ${lines} lines`] : []
  })

/** A `describe` is a chapter, not a function. */
export const shortFunctions: Rule = (project) =>
  sources(project).flatMap(({ path, code }) => {
    const lines = code.split('\n')
    return functionsIn(code)
      .map(({ first, last }) => ({ first, length: last - first + 1 }))
      .filter(({ length }) => length > FUNCTION_LINES)
      .filter(
        ({ first }) =>
          !(isTest(path) && /^\s*(\}|\])?\)?\(?describe\b|^\]\)\(/.test(lines[first - 1] ?? '')),
      )
      .map(({ first, length }) => `${path}:${first}: ${length} lines`)
  })

// Form

export const header: Rule = (project) =>
  sources(project)
    .filter(({ path }) => /^(machines|services|test)\//.test(path))
    .filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text))
    .map(({ path }) => path)

export const noBarrels: Rule = (project) =>
  sources(project).flatMap(({ path, code }) => {
    const named = /^(index|utils?|helpers?|misc|common)\./.test(basename(path)) ? [path] : []
    return [...named, ...matches(path, code, /\bexport\s+\*/g)]
  })

/** Put together here, or this file would break its own rule. */
const UNFINISHED_WORDS = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')
const UNFINISHED = new RegExp(`\\b(${UNFINISHED_WORDS})\\b`)

export const finished: Rule = ({ files }) =>
  Object.entries(files).flatMap(([path, text]) => linesWith(path, text, UNFINISHED))

export const wholeSuite: Rule = (project) =>
  sources(project)
    .filter(({ path }) => isTest(path))
    .flatMap(({ path, code }) =>
      matches(
        path,
        code,
        /\b(it|test|describe|suite|bench)(\.\w+)*\.(only|skip|todo|fails)\b|\bretry\s*:\s*[1-9]/g,
      ),
    )

const SWALLOWED = [
  /\bcatch\s*(\([^)]*\)\s*)?\{\s*\}/g,
  /\.catch\(\s*\(\s*\w*\s*\)\s*=>\s*(\{\s*\}|undefined|null)\s*\)/g,
]

export const noSwallowedErrors: Rule = (project) =>
  sources(project).flatMap(({ path, code }) =>
    SWALLOWED.flatMap((pattern) => matches(path, code, pattern)),
  )

// The whole

/** Put together here, or this file would break its own rule. */
const FOLDERS = ['wo' + 'rk', 'ro' + 'ot', 'fa' + 'rm', 'Us' + 'ers', 'home/\\w+'].join('|')
const MACHINE_PATH = new RegExp(`(^|[^.\\w])/(${FOLDERS})/`)

export const noMachinePaths: Rule = ({ files }) =>
  Object.entries(files).flatMap(([path, text]) => linesWith(path, text, MACHINE_PATH))

export const topLevel: Rule = ({ entries }) =>
  entries.filter((entry) => !TOP_LEVEL.has(entry) && !entry.startsWith('.'))

/** Every source is reached from an entry point; what runs, from one that is not a test. */
export const noDeadFiles: Rule = (project) => {
  const all = sources(project)
  const outside = Object.keys(project.files).filter(
    (path) => !isSource(path) && !path.endsWith('.md'),
  )
  const named = outside.flatMap((path) => mentions(path, project.files[path] ?? ''))
  const configs = all.filter(({ path }) => !path.includes('/')).map(({ path }) => path)
  const running = reach(project, named)
  const tests = all.filter(({ path }) => /\.test\.ts$/.test(path)).map(({ path }) => path)
  const tested = reach(project, [...named, ...configs, ...tests])
  return all
    .map(({ path }) => path)
    .filter((path) => !(isTest(path) || configs.includes(path) ? tested : running).has(path))
}

function reach(project: Project, entries: string[]): Set<string> {
  const reached = new Set(entries.filter((path) => path in project.files && isSource(path)))
  for (const path of reached) {
    const { uncommented } = scanned(project.files[path] ?? '')
    for (const name of mentions(path, uncommented)) {
      if (name in project.files && isSource(name)) reached.add(name)
    }
  }
  return reached
}

/** Paths of sources that a text names: imported, spawned or given as an argument. */
const mentions = (path: string, text: string): string[] =>
  [...text.matchAll(/[\w./@-]+\.(?:ts|mjs)\b/g)].flatMap(([name]) => [
    posix.normalize(name),
    posix.join(dirname(path), name),
  ])

/** Modules that run each other cannot be read one at a time. Types may go in circles. */
export const noCircles: Rule = (project) => {
  const imports = new Map(
    sources(project).map(({ path, text }) => [path, [...valuesFrom(path, text)]] as const),
  )
  return [...imports.keys()].filter((path) => {
    const reached = new Set(imports.get(path))
    for (const one of reached) for (const next of imports.get(one) ?? []) reached.add(next)
    return reached.has(path)
  })
}

/** The modules of which a source imports more than types. */
function* valuesFrom(path: string, text: string): Iterable<string> {
  for (const [, what = '', from = ''] of text.matchAll(
    /^(?:im|ex)port ([^;]*?)from '(\.[^']+)'/gms,
  )) {
    const names = what
      .replace(/[{}\s]+/g, ' ')
      .trim()
      .split(/ ?, ?/)
      .filter((name) => name !== '')
    if (!what.startsWith('type ') && !names.every((name) => name.startsWith('type '))) {
      yield posix.join(dirname(path), from)
    }
  }
}
