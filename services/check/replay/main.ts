/**
 * `npm run -s replay`: a schedule, or a bundle's journal, taken by the live system, in exactly its
 * order, crashes included.
 *
 * Exit status: 0 when every step and every outcome was as in the schedule, 1 when not, 2 when what
 * was given is no schedule of these machines. The result goes to stdout, everything else to stderr.
 */

import { UsageError } from '../../command-line.ts'
import { DataError } from '../../data-error.ts'
import { type Own, ownOf } from '../../own/own.ts'
import { clientAt, Refusal, Unreachable } from '../../scenario/client.ts'
import { EXIT, StartError } from '../../setup/start-error.mjs'
import { type Options, readOptions, USAGE } from './options.ts'
import { type Replayed, replay } from './play.ts'
import { checkPlayable, readSchedule } from './read.ts'
import { sayResult, sayStep } from './render.ts'

const EXIT_SAME = 0
const EXIT_DIFFERS = 1
const EXIT_USAGE = 2

async function play(options: Options, { flags }: Own): Promise<Replayed> {
  const { schedule, notes } = await readSchedule(options.file)
  checkPlayable(schedule, options.file)
  for (const note of notes) process.stderr.write(`${note}\n`)
  // The service is only loaded when none was named.
  const own = () => import('./system.ts').then(({ openService }) => openService(flags))
  const service = options.url === null ? await own() : null
  let taken = 0
  const interrupted = async (): Promise<void> => {
    const left = service ? '' : '; its site goes away within an hour'
    process.stderr.write(`interrupted after ${taken} of ${schedule.steps.length} steps${left}\n`)
    await service?.close()
    process.exit(EXIT.interrupted)
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    return await replay(clientAt(options.url ?? service?.url ?? ''), schedule, {
      ...(service ? { service } : {}),
      keep: options.keep,
      onStep(step, number) {
        taken = number - 1
        process.stderr.write(`${sayStep(step, number)}\n`)
      },
    })
  } finally {
    await service?.close()
  }
}

async function run(args: string[]): Promise<number> {
  try {
    const own = await ownOf(args)
    const options = readOptions(own.args)
    if (options.help) {
      process.stdout.write(USAGE)
      return EXIT_SAME
    }
    const result = await play(options, own)
    process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : sayResult(result))
    return result.same ? EXIT_SAME : EXIT_DIFFERS
  } catch (error) {
    const usage = error instanceof UsageError || error instanceof DataError
    const known = [Refusal, Unreachable, StartError].some((kind) => error instanceof kind)
    if (!usage && !known) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    return usage ? EXIT_USAGE : EXIT_DIFFERS
  }
}

process.exitCode = await run(process.argv.slice(2))
