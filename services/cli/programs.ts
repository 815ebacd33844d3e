/**
 * The programs that have a command line of their own, as commands of `undeliverable`. Each reads
 * its arguments from `process.argv`, as if it had been called directly, and sets the exit status.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../command-line.ts'
import type { Command } from './command.ts'

interface Program {
  about: string
  load(): Promise<unknown>
  /** What it says of itself; only a checkout has some of it. */
  usage?: () => Promise<string>
}

const CHECKOUT = join(import.meta.dirname, '..', '..')

const told = async (from: Promise<{ USAGE: string }>): Promise<string> => (await from).USAGE

export const PROGRAMS: Record<string, Program> = {
  start: {
    about: 'start the service',
    load: () => import('../main.ts'),
    usage: async () => (await import('../config.ts')).helpText(),
  },
  scenario: {
    about: 'play scenarios',
    load: () => import('../scenario/main.ts'),
    usage: () => told(import('../scenario/options.ts')),
  },
  check: {
    about: 'search every interleaving',
    load: () => import('../check/explore/main.ts'),
    usage: () => told(import('../check/explore/options.ts')),
  },
  simulate: {
    about: 'run seeds with faults',
    load: () => import('../check/simulate/main.ts'),
    usage: () => told(import('../check/simulate/options.ts')),
  },
  replay: {
    about: 'take a schedule live',
    load: () => import('../check/replay/main.ts'),
    usage: () => told(import('../check/replay/options.ts')),
  },
  conform: {
    about: 'hold a journal to the machines',
    load: () => import('../check/conform/main.ts'),
    usage: () => told(import('../check/conform/options.ts')),
  },
  shrink: {
    about: 'the least of a failure',
    load: () => import('../check/shrink/main.ts'),
    usage: () => told(import('../check/shrink/options.ts')),
  },
  chaos: {
    about: 'kill and cut the service',
    load: () => import('../chaos/main.ts'),
    usage: () => told(import('../chaos/options.ts')),
  },
  token: {
    about: 'make a bearer token',
    load: () => import('../token/main.ts'),
    usage: () => told(import('../token/usage.ts')),
  },
  bench: { about: 'measure a checkout', load: bench },
}

/** It measures a checkout beside bare BullMQ, with what only the checkout has. */
async function bench(): Promise<unknown> {
  const program = join(CHECKOUT, 'test', 'bench', 'main.ts')
  if (existsSync(program)) return import(program)
  throw new UsageError('bench is of a checkout only: clone the repository, then npm run bench')
}

export const programs: Command[] = Object.entries(PROGRAMS).map(
  ([name, { about, load, usage }]) => ({
    name,
    synopsis: `${name} [arguments]`,
    about: `${about}; --help says how`,
    ...(usage ? { usage } : {}),
    async run(args) {
      process.argv.splice(2, process.argv.length, ...args)
      await load()
      return Number(process.exitCode ?? 0)
    },
  }),
)
