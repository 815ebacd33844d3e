/**
 * `npm run -s conform`: says whether a journal is one that the machines allow.
 *
 * Exit status: 0 when it is, 1 when it is not, 2 when there is nothing that could be judged. The
 * result goes to stdout, everything else to stderr, so that `--json` can be piped.
 */

import { UsageError } from '../../command-line.ts'
import { DataError } from '../../data-error.ts'
import { ownOf } from '../../own/own.ts'
import { Refusal, Unreachable } from '../../scenario/client.ts'
import { bundleFrom } from './bundle-file.ts'
import { conform } from './conform.ts'
import { readOptions, USAGE } from './options.ts'
import { renderVerdict } from './render.ts'

const EXIT_CONFORMS = 0
const EXIT_DOES_NOT = 1
const EXIT_USAGE = 2

async function run(args: string[]): Promise<number> {
  try {
    const { from, json } = readOptions((await ownOf(args)).args)
    if (from === null) {
      process.stdout.write(USAGE)
      return EXIT_CONFORMS
    }
    const bundle = await bundleFrom(from)
    const verdict = conform(bundle)
    const { site } = bundle
    process.stdout.write(
      json ? `${JSON.stringify({ site, ...verdict }, null, 2)}\n` : renderVerdict(site, verdict),
    )
    return verdict.conforms ? EXIT_CONFORMS : EXIT_DOES_NOT
  } catch (error) {
    const known = [UsageError, DataError, Refusal, Unreachable].some(
      (kind) => error instanceof kind,
    )
    if (!known) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    return EXIT_USAGE
  }
}

process.exitCode = await run(process.argv.slice(2))
