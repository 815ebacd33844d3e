/**
 * Defects and policies of the user's own, as a module: its default export is a defect, a list of
 * them, or a function that is given the tools and returns either.
 *
 *     export default ({ sound }) => ({
 *       id: 'patient-store',
 *       title: 'A store that is asked again after a minute, then after two, and so on',
 *       parts: { storeDelay: (_, attempts) => attempts * 60_000 },
 *     })
 *
 * The module is code that runs in this process, so its file is only ever named by whoever starts
 * the program. Its digest is the defect's version: a site, a schedule or a bundle that was made
 * with one edition of the file is not run by another.
 */
import { createHash } from 'node:crypto'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { admitDefect, type OwnDefect, TOOLS, wrongWithDefect } from '../../machines/own.ts'
import { DataError } from '../data-error.ts'
import { textOf } from './yaml-file.ts'

/** Enough to tell any two editions apart, and short enough to be read. */
const DIGITS = 12

/** The names of the file's defects, which are known from now on in this process. */
export async function admitDefects(file: string): Promise<string[]> {
  const version = createHash('sha256')
    .update(await textOf(file))
    .digest('hex')
    .slice(0, DIGITS)
  const given = [exportedBy(file, await load(file))].flat()
  if (given.length === 0) throw new DataError(file, ['has no defect'])
  const reasons = given.flatMap(wrongWithDefect)
  if (reasons.length > 0) throw new DataError(file, reasons)
  const defects = given as OwnDefect[]
  const refused = defects.flatMap((defect) => admitDefect(defect, version) ?? [])
  if (refused.length > 0) throw new DataError(file, refused)
  return defects.map(({ id }) => id)
}

async function load(file: string): Promise<{ default?: unknown }> {
  const url = pathToFileURL(resolve(file)).href
  try {
    if (!/^\.[cm]?ts$/.test(extname(file))) return await import(/* @vite-ignore */ url)
    const { tsImport } = await import('tsx/esm/api')
    return await tsImport(url, import.meta.url)
  } catch (error) {
    throw new DataError(file, [`cannot be loaded: ${told(error)}`])
  }
}

function exportedBy(file: string, module: { default?: unknown }): unknown {
  const given = inner(module.default)
  if (given === undefined) throw new DataError(file, ['has no default export'])
  if (typeof given !== 'function') return given
  try {
    return given(TOOLS)
  } catch (error) {
    throw new DataError(file, [`its default export throws: ${told(error)}`])
  }
}

/** Where no package.json says otherwise TypeScript is made CommonJS, whose export is one within. */
const inner = (given: unknown): unknown =>
  typeof given === 'object' && given !== null && 'default' in given ? given.default : given

/** What was thrown, and the line of the file, where it is known. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [place] = /(?<=file:\/\/|\()[^\s()]+:\d+(:\d+)?/.exec(error.stack ?? '') ?? []
  return place === undefined ? `${error}` : `${error} (${place})`
}
