/**
 * The manifest of the package: what it names is there, and what is built is what it names.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const TOP = fileURLToPath(new URL('..', import.meta.url))
const json = (path: string) => JSON.parse(readFileSync(join(TOP, path), 'utf8'))

interface Entry {
  checkout: string
  types: string
  default: string
}

const manifest = json('package.json') as {
  exports: Record<string, Entry | string>
  bin: Record<string, string>
  engines: { node: string }
  license: string
  files: string[]
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
  peerDependenciesMeta: Record<string, { optional: boolean }>
  devDependencies: Record<string, string>
}
const entries = Object.values(manifest.exports).filter((entry) => typeof entry === 'object')
const programs = Object.values(manifest.bin)

/** `dist/services/a.js`, or its types, as the source that it is built of. */
const sourceOf = (built: string): string =>
  built.replace(/^(\.\/)?dist\//, './').replace(/(\.d\.ts|\.js)$/, '.ts')

test('each entry has its source, its types and its code', () => {
  expect(entries.length).toBe(6)
  for (const { checkout, types, default: code } of entries) {
    expect(existsSync(join(TOP, checkout)), checkout).toBe(true)
    expect([sourceOf(types), sourceOf(code)]).toEqual([checkout, checkout])
  }
})

test('what is built is each entry and the program, and the package has nothing else', () => {
  const { files } = json('services/setup/tsconfig.build.json') as { files: string[] }
  const built = files.map((path) => path.replace(/^\.\.\//, './services/')).sort()
  const named = [...entries.map(({ checkout }) => checkout), ...programs.map(sourceOf)].sort()
  expect(built).toEqual(named)
  expect(manifest.files).toEqual(['dist', 'CHANGELOG.md', 'SECURITY.md'])
})

test('the program is one, for the Node that is asked for', () => {
  const [program = ''] = programs
  expect(readFileSync(join(TOP, sourceOf(program)), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  expect(manifest.engines.node).toBe('>=20.20.2')
  expect(manifest.license).toBe('MIT')
})

test('a peer is optional, and there for the tests', () => {
  const peers = Object.keys(manifest.peerDependencies)
  expect(Object.keys(manifest.peerDependenciesMeta)).toEqual(peers)
  for (const peer of peers) {
    expect(manifest.peerDependenciesMeta[peer]).toEqual({ optional: true })
    expect(manifest.devDependencies).toHaveProperty(peer)
  }
})
