/**
 * The package as a user has it: packed, installed into an empty folder, imported by plain Node,
 * typed, and run by npx.
 */
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder } from './support/folder.ts'
import { plainEnvironment, startCommand } from './support/program.ts'

const TOP = fileURLToPath(new URL('..', import.meta.url))
const PARTS = [
  ...['machines', 'services', 'test/scenarios', 'package.json', 'tsconfig.json'],
  ...['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md'],
]
/** npm, asked from within npm, would take over what that was told. */
const environment = () =>
  Object.fromEntries(Object.entries(plainEnvironment()).filter(([name]) => !/^npm_/i.test(name)))

async function run(folder: string, command: string, ...args: string[]) {
  const started = startCommand(command, args, environment(), folder)
  const { code } = await started.ended
  return { code, text: started.lines.join('\n') }
}

/** Packed in a copy, so that the checkout stays as it is. */
async function packed(): Promise<string> {
  const copy = temporaryFolder()
  for (const part of PARTS) cpSync(join(TOP, part), join(copy, part), { recursive: true })
  symlinkSync(join(TOP, 'node_modules'), join(copy, 'node_modules'))
  const { code, text } = await run(copy, 'npm', 'pack')
  expect(code, text).toBe(0)
  const [tarball = ''] = readdirSync(copy).filter((name) => name.endsWith('.tgz'))
  expect(readdirSync(copy)).not.toContain('dist')
  return join(copy, tarball)
}

const PROGRAM = `
import { startLab } from 'undeliverable/lab'
import { expectThat } from 'undeliverable/assert'
const lab = await startLab({ profile: 'exchange-5.5-sp3', redisUrl: '' })
const letter = await lab.send({ from: 'carol', to: ['anna'] })
await expectThat(letter).toBeDelivered()
await expectThat(lab).toHaveNoSilentLoss()
await lab.close()
console.log('delivered')
`
const TYPED = `
import { type Audit, openClient } from 'undeliverable/client'
import { startLab } from 'undeliverable/lab'
const lab = await startLab({ profile: 'modern' })
const audit: Audit = await openClient(lab.client.url).site('lab').audit()
const total: number = audit.obligations
// @ts-expect-error: it is a number
export const wrong: string = total
`
const MINUTES_MS = 240_000

test('it is installed into an empty folder, and used', { timeout: MINUTES_MS }, async () => {
  const tarball = await packed()
  const folder = join(temporaryFolder(), 'empty')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  const installed = await run(folder, 'npm', 'install', '--prefer-offline', tarball)
  expect(installed.code, installed.text).toBe(0)
  writeFileSync(join(folder, 'program.mjs'), PROGRAM)
  expect(await run(folder, process.execPath, 'program.mjs')).toEqual({ code: 0, text: 'delivered' })
  writeFileSync(join(folder, 'typed.ts'), TYPED)
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023']
  const tsc = join(TOP, 'node_modules/.bin/tsc')
  expect(await run(folder, tsc, ...strict, 'typed.ts')).toEqual({ code: 0, text: '' })
  const version = await run(folder, 'npx', '--no-install', 'undeliverable', '--version')
  expect(version.text).toMatch(/^\d+\.\d+\.\d+$/m)
  const played = await run(folder, 'npx', '--no-install', 'undeliverable', 'scenario', 'q248839')
  expect(played.text).toContain('2 of 2 runs as expected')
})
