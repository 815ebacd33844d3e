/**
 * Fault rules as a person sees them: made, counted, taken away. Taking one away lets go what it
 * holds.
 */
import { uuidv7 } from 'uuidv7'
import { partsOfProfile } from '../../machines/parts.ts'
import { ENDS, PHASES, PHASES_BACK } from '../../machines/phases.ts'
import { problem } from '../errors.ts'
import { faultKey } from './faults.ts'
import { mayDie } from './heartbeat.ts'
import { FAULTS_MAX } from './limits.ts'
import { type Live, siteOf, still } from './live-parts.ts'
import { letGo, parkedEvents } from './parked.ts'
import type { FaultRule, Settings } from './settings.ts'
import type { FaultSpec, FaultView } from './views-of-driving.ts'

export async function addFault(live: Live, site: string, spec: FaultSpec): Promise<FaultView> {
  const settings = await siteOf(live, site)
  if (settings.faults.length >= FAULTS_MAX) {
    throw problem('too-many-faults', `A site has at most ${FAULTS_MAX} fault rules.`)
  }
  if (spec.match?.server !== undefined && !settings.servers.includes(spec.match.server)) {
    throw problem('unknown-server', `The site ${site} has no server "${spec.match.server}".`)
  }
  const { event, phase } = spec.match ?? {}
  checkPhase(phase)
  if ('holdUntil' in spec.do) checkPhase(spec.do.holdUntil)
  if (event !== undefined && !isJob(settings, event)) {
    throw problem(
      'unknown-event',
      `There is no event "${event}"; a queue's jobs are named after it.`,
    )
  }
  if ('die' in spec.do && !(await mayDie(live.client, settings.namespace))) {
    const why = 'Workers run in the process of the API here, and it would die with them.'
    throw problem('bad-request', `No rule can kill a worker of this service. ${why}`)
  }
  const rule: FaultRule = { ...spec, id: uuidv7() }
  const changed = await live.settings.change(site, (old) => ({
    ...old,
    faults: [...old.faults, rule],
  }))
  return viewOf(live, still(changed, site), rule)
}

/** Of a move, at any time. */
const PASSED: readonly string[] = [...PHASES, ...PHASES_BACK, ...ENDS]

function checkPhase(phase: string | undefined): void {
  if (phase === undefined || PASSED.includes(phase)) return
  throw problem('unknown-phase', `No move is ever "${phase}": ${PASSED.join(', ')}.`)
}

/** Every event that some machine knows, but for those of report slots, which are never jobs. */
function isJob(settings: Settings, event: string): boolean {
  const { slot: _, ...machines } = partsOfProfile(settings.profile).machines
  return Object.values(machines).some((machine) => machine.events.includes(event))
}

async function viewOf(live: Live, settings: Settings, rule: FaultRule): Promise<FaultView> {
  const hits = await live.client.hget(faultKey(settings, rule.id), 'hits')
  const parked = await parkedEvents(live.client, settings)
  const holding = parked.filter((one) => one.rule === rule.id).map(({ id }) => id)
  return { ...rule, hits: Number(hits ?? 0), holding }
}

export async function listFaults(live: Live, site: string): Promise<FaultView[]> {
  const settings = await siteOf(live, site)
  return Promise.all(settings.faults.map((rule) => viewOf(live, settings, rule)))
}

export async function getFault(live: Live, site: string, id: string): Promise<FaultView> {
  const settings = await siteOf(live, site)
  return viewOf(live, settings, ruleOf(settings, id))
}

function ruleOf(settings: Settings, id: string): FaultRule {
  const rule = settings.faults.find((one) => one.id === id)
  if (!rule) throw problem('unknown-fault', `The site ${settings.site} has no fault rule "${id}".`)
  return rule
}

export async function deleteFault(live: Live, site: string, id: string): Promise<void> {
  ruleOf(await siteOf(live, site), id)
  const changed = await live.settings.change(site, (old) => ({
    ...old,
    faults: old.faults.filter((rule) => rule.id !== id),
  }))
  const settings = still(changed, site)
  const parked = await parkedEvents(live.client, settings)
  await letGo(
    live.client,
    live.queues,
    settings,
    parked.filter(({ rule }) => rule === id),
  )
  await live.client.del(faultKey(settings, id))
}
