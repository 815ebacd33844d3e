/**
 * How a process of the service is started: the file of its program, and what Node is told.
 *
 * In a checkout the program is TypeScript, which tsx runs; in the package it was built before.
 */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const ending = extname(import.meta.url)

export const MAIN = fileURLToPath(new URL(`./main${ending}`, import.meta.url))

/**
 * Each event leaves short-lived texts behind; with room for them the collector runs seldom, and a
 * tenth of a busy process's time is saved for some memory.
 */
export const NODE_FLAGS = [
  '--max-semi-space-size=64',
  ...(ending === '.ts' ? ['--import', import.meta.resolve('tsx')] : []),
]
