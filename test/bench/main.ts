/**
 * `npm run -s bench`: how fast the service is, on a Redis and in processes of its own.
 *
 * Figures go to stdout, what is going on to stderr, so that `--json` can be piped.
 */
import { exitWith } from '../../services/setup/start-error.mjs'
import { onSignals } from '../../services/shutdown.ts'
import { benchGrowth, growthText } from './growth.ts'
import { benchLive, liveText } from './live.ts'
import { benchMove, moveText } from './move.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { openService, type Service } from './service.ts'
import { benchWorkers, workersText } from './workers.ts'

async function figures(
  service: Service,
  options: Options,
): Promise<{ json: object; text: string }> {
  switch (options.benchmark) {
    case 'live': {
      const runs = await benchLive(service, options)
      return { json: { runs }, text: liveText(runs) }
    }
    case 'move': {
      const move = await benchMove(service, options)
      return { json: move, text: moveText(move) }
    }
    case 'workers': {
      const scaling = await benchWorkers(service, options)
      return { json: scaling, text: workersText(scaling) }
    }
    case 'growth': {
      const growth = await benchGrowth(service, options)
      return { json: growth, text: growthText(growth) }
    }
  }
}

async function run(options: Options): Promise<void> {
  const service = await openService(options.profile)
  onSignals({ orderly: () => service.close(), atOnce: () => service.kill() })
  try {
    const { json, text } = await figures(service, options)
    process.stdout.write(options.json ? `${JSON.stringify(json, null, 2)}\n` : text)
  } finally {
    await service.close()
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(USAGE)
  else await run(options)
} catch (error) {
  exitWith(error)
}
