/**
 * `bench -- workers`: messages a second with one, two and four worker processes on one Redis.
 *
 * Processes are added while the service runs, and each number of them is measured with the same
 * load. More of them than the machine has cores share those.
 */
import { availableParallelism } from 'node:os'
import { drive, inFlightOf, perSecond, round } from './load.ts'
import type { Options } from './options.ts'
import type { Service } from './service.ts'
import { openSite } from './site.ts'
import { table } from './table.ts'

export interface Scaling {
  cores: number
  runs: { processes: number; messagesPerSecond: number; ratio: number }[]
}

const PROCESSES = [1, 2, 4]
/** A message to two is the usual one: a person and a copy. */
const RECIPIENTS = 2
/** Code is compiled and caches are filled, in each new process. */
const WARM_UP_MS = 4_000

export async function benchWorkers(service: Service, { seconds }: Options): Promise<Scaling> {
  const site = await openSite(service, RECIPIENTS)
  const inFlight = inFlightOf(RECIPIENTS)
  const deliver = async () => void (await site.deliver(RECIPIENTS))
  site.follower.underLoad(true)
  const runs: Scaling['runs'] = []
  let running = 1
  for (const processes of PROCESSES) {
    for (; running < processes; running++) await service.addWorker()
    console.error(`${processes} worker processes ...`)
    await drive({ inFlight, forMs: WARM_UP_MS }, deliver)
    const messages = perSecond([await drive({ inFlight, forMs: seconds * 1_000 }, deliver)])
    const ratio = round(messages / (runs[0]?.messagesPerSecond ?? messages), 2)
    runs.push({ processes, messagesPerSecond: round(messages), ratio })
  }
  await site.close()
  return { cores: availableParallelism(), runs }
}

export function workersText({ cores, runs }: Scaling): string {
  const rows = runs.map((run) => [run.processes, run.messagesPerSecond, run.ratio])
  return `${table(['processes', 'messages/s', 'ratio'], rows)}on ${cores} cores\n`
}
