/**
 * `npm run -s scenario`: plays scenarios and says whether each expectation held.
 *
 * Exit status: 0 when all held and each fault fired, 1 when not, 2 when something was asked for
 * that does not exist. Results go to stdout, everything else to stderr, so that `--json` can be
 * piped.
 */
import { writeFile } from 'node:fs/promises'
import { UsageError } from '../command-line.ts'
import { isSame, profilesOf } from '../compare/difference.ts'
import { renderDifferences } from '../compare/render.ts'
import { resultsOf } from '../compare/results.ts'
import { DataError } from '../data-error.ts'
import { type Own, ownOf } from '../own/own.ts'
import { withProgress } from '../progress.ts'
import { clientAt, Refusal, Unreachable } from './client.ts'
import { junitOf } from './junit.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { held, type Run } from './play.ts'
import { allScenarios, chosen, playAll } from './programme.ts'
import { jsonOf, renderScenario, renderSummary } from './render.ts'
import type { OwnSystem } from './system.ts'

const EXIT_HELD = 0
const EXIT_NOT_HELD = 1
const EXIT_USAGE = 2

async function listText(): Promise<string> {
  const scenarios = await allScenarios()
  const width = Math.max(...scenarios.map((scenario) => scenario.name.length))
  return scenarios.map(({ name, title }) => `${name.padEnd(width)}  ${title}\n`).join('')
}

/** The service is only loaded when none was named. */
async function openSystem(): Promise<OwnSystem> {
  const { openOwnSystem } = await import('./system.ts')
  return openOwnSystem()
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}

function textOf(runs: readonly Run[]): string {
  const names = [...new Set(runs.map((run) => run.scenario))]
  const parts = names.map((name) => renderScenario(runs.filter((run) => run.scenario === name)))
  return `${[...parts, renderSummary(runs)].join('\n')}\n`
}

async function report(runs: readonly Run[], options: Options): Promise<void> {
  if (options.junit !== null) await writeFile(options.junit, junitOf(runs))
  process.stdout.write(
    options.json ? `${JSON.stringify(runs.map(jsonOf), null, 2)}\n` : textOf(runs),
  )
}

const PLAYED = 'what was played'

/** Between the two profiles of each scenario; whether each run is as expected is not asked. */
function reportDifferences(runs: readonly Run[], { json }: Options): number {
  const found = profilesOf(resultsOf(runs.map(jsonOf), PLAYED), PLAYED)
  process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : renderDifferences(found))
  return found.every(isSame) ? EXIT_HELD : EXIT_NOT_HELD
}

async function playChosen(options: Options, own: Own): Promise<number> {
  const scenarios = await chosen(options)
  const system = options.url === null ? await openSystem() : null
  try {
    const client = clientAt(options.url ?? system?.url ?? '', process.env.UNDELIVERABLE_TOKEN)
    const playing = () => `playing ${scenarios.map(({ name }) => name).join(', ')}`
    const runs = await withProgress(playing, () => playAll(client, scenarios, { ...options, own }))
    if (options.diff) return reportDifferences(runs, options)
    await report(runs, options)
    if (options.keep) {
      const sites = runs.map((run) => `${client.url}/sites/${run.site}`).join('\n')
      process.stderr.write(`kept for an hour:\n${sites}\n`)
      if (system) {
        process.stderr.write(`queues: ${client.url}/queues; Ctrl-C ends the service\n`)
        await untilInterrupted()
      }
    }
    return runs.every(held) ? EXIT_HELD : EXIT_NOT_HELD
  } finally {
    await system?.close()
  }
}

async function run(args: string[]): Promise<number> {
  try {
    const own = await ownOf(args)
    const options = readOptions(own.args)
    if (options.help || options.list) {
      process.stdout.write(options.help ? USAGE : await listText())
      return EXIT_HELD
    }
    return await playChosen(options, own)
  } catch (error) {
    const usage = error instanceof UsageError || error instanceof DataError
    if (!usage && !(error instanceof Refusal || error instanceof Unreachable)) throw error
    process.stderr.write(`${error.message}\n`)
    return usage ? EXIT_USAGE : EXIT_NOT_HELD
  }
}

process.exitCode = await run(process.argv.slice(2))
