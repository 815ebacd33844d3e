/**
 * Which machines these are: a digest of their sources. What was written by one version of the
 * machines (a schedule, a bundle) says so, and is not judged by another.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../machines')

let known: string | undefined

/** SHA-256 over the names and contents of `machines/*.ts`, in the order of the names. */
export function machinesDigest(): string {
  known ??= digestOf(FOLDER)
  return known
}

function digestOf(folder: string): string {
  const hash = createHash('sha256')
  const names = readdirSync(folder).filter((name) => /(?<!\.d)\.ts$/.test(name))
  for (const name of names.sort()) {
    hash.update(`${name}\0`)
    hash.update(readFileSync(join(folder, name)))
    hash.update('\0')
  }
  return hash.digest('hex')
}
