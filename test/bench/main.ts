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
import { benchSmtp, smtpText } from './smtp.ts'
import { benchWorkers, workersText } from './workers.ts'

interface Figures {
  json: object
  text: string
}

async function figures(
  service: Service,
  options: Options & { benchmark: 'live' | 'move' | 'growth' | 'workers' },
): Promise<Figures> {
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

async function onService(options: Parameters<typeof figures>[1]): Promise<Figures> {
  const service = await openService(options.profile)
  onSignals({ orderly: () => service.close(), atOnce: () => service.kill() })
  try {
    return await figures(service, options)
  } finally {
    await service.close()
  }
}

/** It opens a service for each mode of durability. */
async function besidePostfix(options: Options): Promise<Figures> {
  const smtp = await benchSmtp(options)
  return { json: smtp, text: smtpText(smtp) }
}

async function run(options: Options): Promise<void> {
  const { benchmark } = options
  const { json, text } =
    benchmark === 'smtp' ? await besidePostfix(options) : await onService({ ...options, benchmark })
  process.stdout.write(options.json ? `${JSON.stringify(json, null, 2)}\n` : text)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(USAGE)
  else await run(options)
} catch (error) {
  exitWith(error)
}
