/**
 * `npm run -s chaos`: the service under kills, stops and cut links, and what became of what it
 * promised.
 *
 * Exit status: 0 when all was as required, 1 when it was not, 2 when something was asked for that
 * does not exist. The result goes to stdout, everything else to stderr.
 */
import { UsageError } from '../command-line.ts'
import { readOptions, USAGE } from './options.ts'
import { releaseAll } from './processes.ts'
import { jsonOf, textOf } from './render.ts'
import { forget, run } from './run.ts'
import { summaryOf } from './summary.ts'

const EXIT_SOUND = 0
const EXIT_BROKEN = 1
const EXIT_USAGE = 2
const EXIT_INTERRUPTED = 130

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

async function chaos(args: string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (options.help) {
      process.stdout.write(USAGE)
      return EXIT_SOUND
    }
    const ran = await run(options, say)
    const summary = summaryOf(ran)
    process.stdout.write(options.json ? jsonOf(summary) : textOf(summary))
    if (summary.wrong.length === 0) {
      forget(ran)
      return EXIT_SOUND
    }
    say(`The journal, the promises and what the processes said are in ${ran.folder}`)
    return EXIT_BROKEN
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    say(error.message)
    return EXIT_USAGE
  }
}

process.once('exit', releaseAll)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // The processes and Redis end with this one.
  process.once(signal, () => process.exit(EXIT_INTERRUPTED))
}
process.exitCode = await chaos(process.argv.slice(2))
