/**
 * `npm run -s simulate`: seeded random schedules of a site, until rest, judged.
 *
 * Exit status: 0 when no invariant was broken, 1 when one was, 2 when something was asked for that
 * does not exist. Results go to stdout, everything else to stderr. Ctrl-C prints what was covered.
 */
import { writeFile } from 'node:fs/promises'
import { UsageError } from '../../command-line.ts'
import { DataError } from '../../data-error.ts'
import { type Own, ownOf, switchedOn } from '../../own/own.ts'
import { chosen } from '../../scenario/programme.ts'
import { planOf } from '../plan.ts'
import { bigCourse } from './big.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { jsonOf, textOf } from './render.ts'
import { courseOf } from './scenario.ts'
import { type Series, type Simulated, simulate } from './series.ts'

const EXIT_SOUND = 0
const EXIT_BROKEN = 1
const EXIT_USAGE = 2

const BIG_PROFILE = 'exchange-5.5-sp4'

async function simulatedBy({ scenario: name, profile }: Options, own: Own): Promise<Simulated> {
  if (name === null) {
    const [under = ''] = switchedOn(own, [profile ?? BIG_PROFILE])
    return { scenario: 'big', profile: under, courseOf: (seed) => bigCourse(seed, under) }
  }
  const none = {
    all: false,
    rows: false,
    list: false,
    json: false,
    diff: false,
    keep: false,
    help: false,
  }
  const wanted = { ...none, names: [name], profiles: [], junit: null, url: null }
  const [scenario] = await chosen(wanted)
  if (!scenario) throw new UsageError(`no scenario ${name}`)
  const [under = ''] = switchedOn(own, [profile ?? (scenario.profiles[0] as string)])
  const plan = planOf(scenario, under)
  return { scenario: name, profile: under, courseOf: (seed) => courseOf(plan, seed) }
}

/** Told every second, where a person looks on. */
function progress() {
  let last = performance.now()
  return ({ seeds, failures }: Series, events: number): void => {
    if (performance.now() - last < 1_000) return
    last = performance.now()
    process.stderr.write(`${seeds} seeds, ${events} events, ${failures.length} failing\n`)
  }
}

async function simulateAll(options: Options, own: Own): Promise<number> {
  const simulated = await simulatedBy(options, own)
  let interrupted = false
  process.once('SIGINT', () => {
    interrupted = true
  })
  const { seed, seeds, events, shrink } = options
  const told = process.stderr.isTTY ? { progress: progress() } : {}
  const bounds = { seed, seeds, events, shrink, interrupted: () => interrupted }
  const series = await simulate(simulated, { ...bounds, ...told })
  const named = `simulate-${series.scenario}-${series.failures[0]?.seed}.json`
  const file = series.schedule ? (options.schedule ?? named) : null
  if (file !== null) await writeFile(file, `${JSON.stringify(series.schedule, null, 2)}\n`)
  process.stdout.write(options.json ? jsonOf(series, file) : textOf(series, file))
  return series.failures.length === 0 ? EXIT_SOUND : EXIT_BROKEN
}

async function run(args: string[]): Promise<number> {
  try {
    const own = await ownOf(args)
    const options = readOptions(own.args)
    if (!options.help) return await simulateAll(options, own)
    process.stdout.write(USAGE)
    return EXIT_SOUND
  } catch (error) {
    const usage = error instanceof UsageError || error instanceof DataError
    const file = error as NodeJS.ErrnoException
    if (!usage && file.syscall === undefined) throw error
    process.stderr.write(`${file.message}\n`)
    return usage ? EXIT_USAGE : EXIT_BROKEN
  }
}

process.exitCode = await run(process.argv.slice(2))
