/**
 * `npm run -s check`: searches every interleaving of a scenario's site and messages.
 *
 * Results go to stdout, progress to stderr. Ctrl-C ends the search and prints what was covered.
 */
import { writeFile } from 'node:fs/promises'
import { freemem } from 'node:os'
import { UsageError } from '../../command-line.ts'
import { DataError } from '../../data-error.ts'
import { type Own, ownOf, switchedOn } from '../../own/own.ts'
import { chosen } from '../../scenario/programme.ts'
import { planOf } from '../plan.ts'
import { check } from './check.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { jsonOf, progressText, render } from './render.ts'

const EXIT_HOLDS = 0
const EXIT_BROKEN = 1
const EXIT_USAGE = 2
const EXIT_ENDED = 3

const MEGABYTE = 1 << 20

async function checkOne(options: Options, own: Own): Promise<number> {
  const free = Math.floor(freemem() / MEGABYTE)
  if (options.memoryMb > free) {
    throw new UsageError(`--memory ${options.memoryMb}: this machine has ${free} MB to spare`)
  }
  const names = { names: [options.scenario], profiles: [], all: false, rows: false }
  const [scenario] = await chosen(names)
  if (!scenario) throw new UsageError(`there is no scenario ${options.scenario}`)
  const [profile = ''] = switchedOn(own, [options.profile ?? (scenario.profiles[0] as string)])
  const plan = planOf(scenario, profile)
  let interrupted = false
  process.once('SIGINT', () => {
    interrupted = true
  })
  const checked = await check(plan, {
    bounds: options.bounds,
    reduce: options.reduce,
    memoryMb: options.memoryMb,
    stopped: () => interrupted,
    progress: (progress) => process.stderr.write(`${progressText(progress)}\n`),
  })
  const [first] = checked.violations
  if (first && options.schedule !== null) {
    await writeFile(options.schedule, `${JSON.stringify(first.schedule, null, 2)}\n`)
  }
  process.stdout.write(
    options.json ? `${JSON.stringify(jsonOf(checked), null, 2)}\n` : render(checked),
  )
  if (first) return EXIT_BROKEN
  return checked.ended === null ? EXIT_HOLDS : EXIT_ENDED
}

async function run(args: string[]): Promise<number> {
  try {
    const own = await ownOf(args)
    const options = readOptions(own.args)
    if (!options.help) return await checkOne(options, own)
    process.stdout.write(USAGE)
    return EXIT_HOLDS
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof DataError)) throw error
    process.stderr.write(`${error.message}\n`)
    return EXIT_USAGE
  }
}

process.exitCode = await run(process.argv.slice(2))
