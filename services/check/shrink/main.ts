/**
 * `npm run -s shrink`: a bundle or a schedule that breaks an invariant, made a minimal schedule.
 *
 * Exit status: 0 when the schedule is written, 1 when nothing is broken, 2 when what was given
 * cannot be taken again. The result goes to stdout, everything else to stderr.
 */
import { writeFile } from 'node:fs/promises'
import { UsageError } from '../../command-line.ts'
import { DataError } from '../../data-error.ts'
import { ownOf } from '../../own/own.ts'
import type { Violation } from '../judge.ts'
import { readSchedule } from '../replay/read.ts'
import type { Schedule } from '../schedule.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { jsonOf, textOf } from './render.ts'
import { retake } from './retake.ts'
import { shrink } from './shrink.ts'

const EXIT_SHRUNK = 0
const EXIT_SOUND = 1
const EXIT_USAGE = 2

/** What is broken at the end; if nothing is yet, what is once it has come to rest. */
function violationsOf(schedule: Schedule): Violation[] {
  const { violations } = retake(schedule).judge()
  return violations.length > 0 ? violations : retake(schedule, { toRest: true }).judge().violations
}

function chosen(schedule: Schedule, { entry, file }: Options): Violation | null {
  const violations = violationsOf(schedule)
  const wanted = entry ?? schedule.violation?.entry
  if (wanted === undefined) return violations[0] ?? null
  const mine = violations.filter((one) => one.entry === wanted)
  const found = mine.find(({ invariant }) => invariant === schedule.violation?.invariant) ?? mine[0]
  if (found || violations.length === 0) return found ?? null
  const others = violations.map((one) => one.entry).join('; ')
  throw new DataError(file, [`nothing is broken of "${wanted}", but of: ${others}`])
}

async function shrinkBy(options: Options): Promise<number> {
  const { schedule, notes } = await readSchedule(options.file)
  for (const note of notes) process.stderr.write(`${note}\n`)
  const violation = chosen(schedule, options)
  const small = violation && shrink(schedule, violation)
  if (!violation || !small) {
    process.stderr.write(`${options.file}: no invariant is broken in its steps\n`)
    return EXIT_SOUND
  }
  await writeFile(options.schedule, `${JSON.stringify(small.schedule, null, 2)}\n`)
  const told = { before: schedule, violation, small, file: options.schedule }
  process.stdout.write(options.json ? jsonOf(told) : textOf(told))
  return EXIT_SHRUNK
}

async function run(args: string[]): Promise<number> {
  try {
    const options = readOptions((await ownOf(args)).args)
    if (!options.help) return await shrinkBy(options)
    process.stdout.write(USAGE)
    return EXIT_SHRUNK
  } catch (error) {
    const usage = error instanceof UsageError || error instanceof DataError
    const file = error as NodeJS.ErrnoException
    if (!usage && file.syscall === undefined) throw error
    process.stderr.write(`${file.message}\n`)
    return EXIT_USAGE
  }
}

process.exitCode = await run(process.argv.slice(2))
