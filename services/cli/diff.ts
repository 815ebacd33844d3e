/** `undeliverable diff`: two runs, searches or simulations, or two profiles, as a table. */
import { UsageError } from '../command-line.ts'
import { type Command, EXIT } from './command.ts'

const DIFF = 'diff A.json [B.json] [--json]'
/** As of diff(1); trouble is 2, which is what every refusal of a file is. */
const DIFFERS = 1

const USAGE = `usage: undeliverable ${DIFF}

What scenario, check or simulate printed with --json, compared: entries that ended otherwise, what
is broken in one of them, counts. One file with two profiles is compared with itself.
Exits 0 if nothing differs, 1 if something does, 2 in trouble, as diff does.

  --json  what differs as JSON
`

async function run(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(USAGE)
    return EXIT.done
  }
  const json = args.includes('--json')
  const files = args.filter((arg) => arg !== '--json')
  const [a, b, more] = files
  if (a === undefined || more !== undefined || files.some((file) => file.startsWith('-'))) {
    throw new UsageError(USAGE.trimEnd())
  }
  const { differencesOf, isSame, profilesOf } = await import('../compare/difference.ts')
  const { renderDifferences } = await import('../compare/render.ts')
  const { resultsIn } = await import('../compare/results.ts')
  const results = await resultsIn(a)
  const differences =
    b === undefined ? profilesOf(results, a) : differencesOf(results, await resultsIn(b), [a, b])
  process.stdout.write(
    json ? `${JSON.stringify(differences, null, 2)}\n` : renderDifferences(differences),
  )
  return differences.every(isSame) ? EXIT.done : DIFFERS
}

export const diff: Command = {
  name: 'diff',
  synopsis: DIFF,
  about: 'two runs, searches or profiles as a table; exits 1 if they differ',
  usage: async () => USAGE,
  run,
}
