/**
 * The site clock as a person drives it: scaled, stopped, advanced, run until idle.
 *
 * Advancing stops the clock and jumps from due timer to due timer; between two jumps everything
 * that can happen at that instant happens. A week in which little is due takes seconds, and nothing
 * happens at a time at which it was not due.
 */
import { stateName } from '../../machines/words.ts'
import { problem } from '../errors.ts'
import { jumpedTo, SCALE_MAX, siteTime, withScale } from './clock.ts'
import { queuesTaken } from './heartbeat.ts'
import { instant } from './instant.ts'
import { part, shardsOf } from './keys.ts'
import { iso, type Live, siteOf, still } from './live-parts.ts'
import { list as listMoves } from './moves.ts'
import { exclusively } from './mutex.ts'
import { retime } from './retime.ts'
import type { Settings } from './settings.ts'
import { ring } from './timekeeper.ts'
import type { Advanced, ClockView } from './views-of-driving.ts'
import type { WaitsFor } from './views-of-mail.ts'

/** What one call advances at most in real time; it then answers how far it came. */
const ADVANCE_REAL_MS = 120_000
/** Nothing under way moved for this long: it is stuck, and said to be. */
const STUCK_MS = 5_000
/**
 * With something stuck, timers that come again and again are followed no further than the longest
 * expiry and a day.
 */
const HORIZON_MS = 12 * 24 * 3_600_000

export async function clockView(live: Live, settings: Settings): Promise<ClockView> {
  const next = await nextDue(live, settings)
  return {
    now: iso(siteTime(settings.clock, Date.now())),
    mode: settings.clock.scale === 0 ? 'stopped' : 'running',
    scale: settings.clock.scale,
    nextDue: next === null ? null : iso(next),
  }
}

export const getClock = async (live: Live, site: string): Promise<ClockView> =>
  clockView(live, await siteOf(live, site))

export async function setClock(
  live: Live,
  site: string,
  change: { scale: number } | { stop: true } | { run: true },
): Promise<ClockView> {
  const scale = 'scale' in change ? change.scale : 'stop' in change ? 0 : 1
  if (!(scale >= 0 && scale <= SCALE_MAX)) {
    throw problem('bad-request', `A scale is a number from 0 to ${SCALE_MAX}.`)
  }
  await siteOf(live, site)
  const settings = await rescale(live, site, scale)
  return clockView(live, settings)
}

async function rescale(live: Live, site: string, scale: number): Promise<Settings> {
  const settings = await live.settings.change(site, (old) => ({
    ...old,
    clock: withScale(old.clock, scale, Date.now()),
  }))
  await retime(live, still(settings, site))
  return still(settings, site)
}

async function nextDue(live: Live, settings: Settings): Promise<number | null> {
  const firsts = await Promise.all(
    shardsOf(settings).map((shard) =>
      live.client.zrange(part(settings, shard, 'timers'), '0', '0', 'WITHSCORES'),
    ),
  )
  const dues = firsts.flatMap(([, due]) => (due === undefined ? [] : [Number(due)]))
  return dues.length === 0 ? null : Math.min(...dues)
}

/** One call at a time: each stops the clock, and lets it go on as it was. */
export const advance = (
  live: Live,
  site: string,
  by: { ms: number } | { until: 'idle' },
  signal?: AbortSignal,
): Promise<Advanced> =>
  exclusively([`advance/${live.settings.namespace}/${site}`], () => run(live, site, by, signal))

async function run(
  live: Live,
  site: string,
  by: { ms: number } | { until: 'idle' },
  signal?: AbortSignal,
): Promise<Advanced> {
  await siteOf(live, site)
  let scale = 1
  const stopped = await live.settings.change(site, (old) => {
    scale = old.clock.scale
    return { ...old, clock: withScale(old.clock, 0, Date.now()) }
  })
  const from = still(stopped, site).clock.at
  const journey: Run = {
    live,
    site,
    from,
    target: 'ms' in by ? from + by.ms : null,
    silent: new Set(),
    fired: 0,
    deadline: Date.now() + ADVANCE_REAL_MS,
    signal,
  }
  let blockedBy: WaitsFor[]
  try {
    blockedBy = await jump(journey)
  } finally {
    await rescale(live, site, scale)
  }
  const settings = await siteOf(live, site)
  const view = await clockView(live, settings)
  return {
    ...view,
    advancedMs: Date.parse(view.now) - from,
    blockedBy: journey.target === null ? blockedBy : [],
    fired: journey.fired,
  }
}

interface Run {
  live: Live
  site: string
  from: number
  /** Where to go, or null to go on until idle. */
  target: number | null
  /** Queues that were waited for in vain, and had no worker: not waited for again without one. */
  silent: Set<string>
  fired: number
  deadline: number
  signal: AbortSignal | undefined
}

async function jump(run: Run): Promise<WaitsFor[]> {
  const { live, site } = run
  await ring(live, still(await live.settings.get(site), site))
  for (;;) {
    const settings = still(await live.settings.get(site), site)
    const stuck = await quiet(run, settings)
    const next = await nextJump(run, settings, stuck.length > 0)
    if (next === null) {
      if (run.target !== null) await jumpTo(live, site, run.target)
      return [...stuck, ...(run.target === null ? await holding(live, site) : [])]
    }
    if (run.signal?.aborted || Date.now() > run.deadline) {
      return [...stuck, { kind: 'clock', text: 'this call took too long; call again to go on' }]
    }
    run.fired += await ring(live, await jumpTo(live, site, next))
  }
}

/** The date of the next timer to jump to; null when there is none that this call goes to. */
async function nextJump(run: Run, settings: Settings, isStuck: boolean): Promise<number | null> {
  const waiting = await firstLater(run.live, settings)
  if (waiting === null) return null
  if (run.target !== null && waiting > run.target) return null
  if (run.target === null && isStuck && waiting > run.from + HORIZON_MS) return null
  return waiting
}

/** The first timer that is not due yet; what is due and left is stuck. */
async function firstLater(live: Live, settings: Settings): Promise<number | null> {
  const now = siteTime(settings.clock, Date.now())
  const later = await Promise.all(
    shardsOf(settings).map((shard) =>
      live.client.zrangebyscore(
        part(settings, shard, 'timers'),
        `(${now}`,
        '+inf',
        'WITHSCORES',
        'LIMIT',
        0,
        1,
      ),
    ),
  )
  const dues = later.flatMap(([, due]) => (due === undefined ? [] : [Number(due)]))
  return dues.length === 0 ? null : Math.min(...dues)
}

async function jumpTo(live: Live, site: string, at: number): Promise<Settings> {
  const settings = await live.settings.change(site, (old) => ({
    ...old,
    clock: jumpedTo(old.clock, at, Date.now()),
  }))
  return still(settings, site)
}

/**
 * Waits until all that can happen at this instant has happened. What is left cannot: it is held by
 * a rule, or its queue is paused; it is returned. Something else that does not move for a while is
 * returned too.
 */
async function quiet(run: Run, settings: Settings): Promise<WaitsFor[]> {
  const { live, site } = run
  let last = ''
  let since = Date.now()
  const look = async (): Promise<WaitsFor[] | null> => {
    const { moving, stuck, key } = await instant(live, settings)
    if (key !== last) since = Date.now()
    last = key
    if (moving.length === 0) return stuck
    const inVain = Date.now() - since > STUCK_MS
    const silent = await onlySilent(run, moving, inVain)
    return inVain || silent ? [...stuck, ...moving] : null
  }
  const wait = { timeoutMs: ADVANCE_REAL_MS, signal: run.signal }
  return (await live.watch.until(site, look, wait)) ?? []
}

/** Do all of these wait in queues that have no worker, and were waited for in vain before? */
async function onlySilent(
  { live, silent }: Run,
  moving: WaitsFor[],
  inVain: boolean,
): Promise<boolean> {
  if (!inVain && silent.size === 0) return false
  const taken = await queuesTaken(live.client, live.connection.namespace)
  const untaken = moving.flatMap(({ queue }) => (queue && !taken(queue) ? [queue] : []))
  if (inVain) for (const queue of untaken) silent.add(queue)
  return untaken.length === moving.length && untaken.every((queue) => silent.has(queue))
}

/** Moves that hold keep a site from being idle, though nothing is under way. */
async function holding(live: Live, site: string): Promise<WaitsFor[]> {
  const held = (await listMoves(live, site)).filter((move) => move.held)
  return held.map(({ id, mailbox, phase }) => ({
    kind: 'move' as const,
    text: `the move ${id} of ${mailbox} holds at ${stateName(phase)}`,
  }))
}
