/**
 * Builds what is published, into `dist`: JavaScript of everything that the package's exports and
 * its program reach, and the types of what a user imports. `build.mjs clean` takes it away again.
 *
 * `dist` is a small checkout: what a program reads beside the code (the manifest, the scenarios,
 * the sources of the machines for their digest) lies where it does here.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const dist = join(root, 'dist')

/** What a user imports is there; other types would show what nobody may rely on. */
const TYPED = /^services\/(client|kit)\//
const DECLARATION = /\.d\.m?ts$/
/** In a declaration a relative import keeps the ending of the source. */
const SOURCE_IMPORT = /((?:from|import)\s*\(?\s*['"]\.[^'"]*)\.ts(['"])/g

function compile() {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const project = join(root, 'services', 'setup', 'tsconfig.build.json')
  const { status } = spawnSync(tsc, ['-p', project], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('the sources could not be compiled')
}

function finishDeclarations() {
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!DECLARATION.test(name)) continue
    const path = join(dist, name)
    if (!TYPED.test(name)) {
      rmSync(path)
      continue
    }
    writeFileSync(path, readFileSync(path, 'utf8').replace(SOURCE_IMPORT, '$1.js$2'))
  }
}

function copyRest() {
  cpSync(join(root, 'package.json'), join(dist, 'package.json'))
  cpSync(join(root, 'test', 'scenarios'), join(dist, 'test', 'scenarios'), { recursive: true })
  for (const name of readdirSync(join(root, 'machines'))) {
    if (name.endsWith('.ts')) cpSync(join(root, 'machines', name), join(dist, 'machines', name))
  }
}

rmSync(dist, { recursive: true, force: true })
if (process.argv[2] !== 'clean') {
  compile()
  finishDeclarations()
  copyRest()
}
