/**
 * The live driver of the step function: one event, from what was loaded to what was committed and
 * flushed.
 *
 * Order: gates (pause, fault rules) → load → step → commit → flush. A commit that was refused
 * because somebody changed what the step had read runs the step again, in place; nothing had
 * happened. After the commit the outbox has what is to be sent; the flush makes jobs of it, and if
 * this process dies before it does, the sweeper does.
 */
import { kindOf, partsOf } from '../../machines/protocol.ts'
import { step } from '../../machines/step.ts'
import { tell } from '../../machines/words.ts'
import type { Stepped } from '../../machines/working.ts'
import type { HandOver } from '../smart-host/hand-over.ts'
import { type Alarms, type Armed, alarmsOf, disarmedBy } from './alarms.ts'
import { chain } from './chain.ts'
import { realDelay, siteTime } from './clock.ts'
import { crashOf, type Mortal } from './crash.ts'
import { spend } from './faults.ts'
import { mayBeLate, type Passed, passGates } from './gates.ts'
import { exclusively } from './mutex.ts'
import { askOutside, goesOutside, knownOutside, obey } from './outward.ts'
import { hasStepped } from './parked.ts'
import type { ArrivedEvent, Loaded, Port, Taken } from './port.ts'
import type { Queues } from './queues.ts'
import { befell, recordOf } from './record.ts'
import type { Settings, SettingsStore } from './settings.ts'
import { gathering } from './together.ts'

export interface Engine extends Mortal {
  port: Port
  settings: SettingsStore
  queues: Queues
  alarms: Alarms
  /** Where recipients beyond the sites are handed to a smart host. */
  handOver?: HandOver
  /** Attempts after which an event is given up; `POISON_ATTEMPTS` where it is not said. */
  attemptsMax?: number
}

/**
 * What became of an event: done, with what it changed in words; or put off until a real time,
 * perhaps parked.
 */
export type Processed =
  | { done: string[]; progress?: { items: number } }
  | { putOff: number; why: string; parked?: boolean }

/**
 * Refused commits of one event before it goes back to its queue: others have had their turn by
 * then.
 */
export const RERUNS_MAX = 50

export interface Processor {
  process(event: ArrivedEvent): Promise<Processed>
}

/**
 * Events of one actor's copy or mailbox are taken one at a time. The three kinds of which a
 * delivery consists gather, in a few lanes for their whole queue, and are committed together, as a
 * database commits transactions in groups; if that is refused, each is taken alone. The next ones
 * are taken as soon as those before them are committed, while their events still leave.
 */
export function openProcessor(engine: Engine): Processor {
  const alone = async (arrived: ArrivedEvent) => {
    const event = await askOutside(engine, arrived)
    if ('putOff' in event) return event
    const sendOn = await exclusively([lockOf(event)], () => run(engine, event))
    return sendOn()
  }
  const gathered = gathering<ArrivedEvent, Processed>(mayJoin, async (events, next) => {
    const sendOn = events.length > 1 ? await allTogether(engine, events) : null
    if (!sendOn) return Promise.allSettled(events.map(alone))
    next()
    const processed = await sendOn()
    return processed.map((value) => ({ status: 'fulfilled', value }))
  })
  return {
    async process(event) {
      const together = GATHERED.has(event.type) && !(await goesOutside(engine, event))
      return together ? gathered.take(laneOf(event), event) : alone(event)
    },
  }
}

/** None of them needs more than its actors, its key and its look-ups, and none has a timer. */
const GATHERED: ReadonlySet<string> = new Set([
  'mail.submitted',
  'mail.offered',
  'reply.accepted',
  'reply.deferred',
])

/** The same message offered twice to one mailbox: the second must see what the first one left. */
const mayJoin = (first: ArrivedEvent[], next: ArrivedEvent): boolean =>
  next.type !== 'mail.offered' ||
  first.every(({ to, item }) => to !== next.to || item?.key !== next.item?.key)

/** Steps of one copy share its actors, so they run one at a time. */
const lockOf = ({ site, to }: ArrivedEvent): string => {
  const kind = kindOf(to)
  const ofCopy = kind === 'message' || kind === 'recipient' || kind === 'slot'
  return ofCopy ? `${site}/${partsOf(to).slice(0, 2).join('/')}` : `${site}/${to}`
}

/** So many gatherings of a queue are under way at a time: one is loaded while one is committed. */
const LANES = 3

/** What shares a lock shares a lane, so that no lane waits for another's. */
function laneOf(event: ArrivedEvent): string {
  const lock = lockOf(event)
  let sum = 0
  for (let i = lock.length - 3; i < lock.length; i++) sum += lock.charCodeAt(i)
  return `${event.site}/${sum % LANES}`
}

/**
 * What was committed is settled, and lets the next one of its actor begin; what it asked for is
 * then sent on. Whoever dies in between leaves it to the sweeper.
 */
type SendOn<R> = () => Promise<R>

async function run(engine: Engine, event: ArrivedEvent): Promise<SendOn<Processed>> {
  for (let rerun = 0; rerun < RERUNS_MAX; rerun++) {
    const settings = await engine.settings.get(event.site)
    if (!settings) return ended({ done: [`the site ${event.site} is gone`] })
    const attempted = await attempt(engine, settings, event)
    if (attempted) return attempted
  }
  return ended({ putOff: Date.now(), why: 'others were quicker' })
}

const ended =
  (processed: Processed): SendOn<Processed> =>
  async () =>
    processed

/** One run of the step; null when the commit was refused. */
async function attempt(
  engine: Engine,
  settings: Settings,
  event: ArrivedEvent,
): Promise<SendOn<Processed> | null> {
  const at = siteTime(settings.clock, Date.now())
  const verdict = await passGates(engine.gate, settings, event, at)
  if ('putOff' in verdict) return ended(verdict)
  if ('dropped' in verdict) return ended({ done: [verdict.dropped] })
  obey(verdict, event)
  const stale = verdict.readStale
  const asked = verdict.ordered ? { ...event, ordered: verdict.ordered } : event
  const loaded = knownOutside(
    asOfNow(await engine.port.load(settings, asked, { at, stale })),
    event,
  )
  const early = event.timer ? whenEarly(loaded, event) : null
  if (early) return (await isCurrent(engine, settings)) ? ended(early) : null
  const stepped = withoutReplies(step(loaded), verdict)
  const changes = tell(stepped)
  const told = [...changes, ...verdict.told]
  const record = recordOf(loaded, stepped, told, befell(verdict))
  const silenced = await engine.alarms.armed(settings, disarmedBy(stepped, event))
  const taken = [{ loaded, stepped, record }]
  const crash = crashOf(engine, settings, event, verdict.again)
  await crash.at('before commit')
  const outcome = await engine.port.commit(taken)
  if (!outcome.done) {
    if (outcome.why === 'epoch') engine.settings.forget(event.site)
    return null
  }
  if (verdict.again) await spend(engine.gate.client, settings, verdict.again.rule, event)
  await crash.at('after commit')
  return async () => {
    if (crash.point === 'in the flush') {
      await engine.queues.add(settings.site, stepped.events.slice(0, 1))
      await crash.at('in the flush')
    }
    await sendAll(engine, settings, taken, silenced)
    await crash.at('before the acknowledgement')
    if (settings.paused) await hasStepped(engine.gate.client, settings, event.id)
    if (verdict.again) return { putOff: Date.now(), why: 'it is taken once more, by a fault rule' }
    const done = orNothing(told)
    const moved = stepped.actors.get(event.to)?.a.moved
    return moved === undefined ? { done } : { done, progress: { items: moved } }
  }
}

const orNothing = (told: string[]): string[] =>
  told.length > 0 ? told : ['nothing changed: it was seen before, or came too late']

const allTogether = (engine: Engine, events: ArrivedEvent[]): Promise<SendOn<Processed[]> | null> =>
  exclusively([...new Set(events.map(lockOf))], () => attemptTogether(engine, events))

/**
 * Several events in one commit: each step is given what the one before it left. Null when the
 * commit was refused, when a gate may want a word with one of them, or when one of them fails; then
 * each is taken alone.
 */
async function attemptTogether(
  engine: Engine,
  events: ArrivedEvent[],
): Promise<SendOn<Processed[]> | null> {
  const { site } = events[0] as ArrivedEvent
  try {
    const settings = await engine.settings.get(site)
    if (!settings || settings.paused || settings.faults.length > 0) return null
    if (settings.shards > 1) return null
    if (events.some((event) => mayBeLate(engine.gate, settings, event))) return null
    const at = siteTime(settings.clock, Date.now())
    const loaded = await engine.port.loadTogether(settings, events, { at })
    const taken = chain(loaded.map(asOfNow))
    const timers = taken.flatMap(({ loaded, stepped }) => disarmedBy(stepped, loaded.event))
    const silenced = await engine.alarms.armed(settings, timers)
    const outcome = await engine.port.commit(taken)
    if (!outcome.done) return null
    return async () => {
      await sendAll(engine, settings, taken, silenced)
      return taken.map(({ record }) => ({ done: orNothing(record.c) }))
    }
  } catch (error) {
    console.error(`${site}: ${events.length} events together: ${(error as Error).message}`)
    return null
  }
}

/**
 * What was asked for may have come late (this process was stopped, its connection was dead), and
 * others have gone on meanwhile: an actor's time never runs backward, so the step is taken now.
 */
const asOfNow = (loaded: Loaded): Loaded => ({
  ...loaded,
  at: siteTime(loaded.settings.clock, Date.now()),
})

/**
 * An alarm that is not, or no longer, for the timer as it is armed is dropped. One that rings
 * before its date although its hour in real time had not come was promoted by hand: a retry then
 * happens now; an expiry stays what it was.
 */
function whenEarly(loaded: Loaded, event: ArrivedEvent): Processed | null {
  const { armedFor, at } = loaded
  if (armedFor === null || armedFor !== event.due) return { done: ['the timer was disarmed'] }
  if (armedFor <= at) return null
  const promoted = event.alarmAt !== undefined && Date.now() < event.alarmAt
  if (promoted) return event.timer === 'expiry' ? { done: ['it is not due yet'] } : null
  const wait = realDelay(loaded.settings.clock, armedFor, Date.now())
  return { putOff: Date.now() + wait, why: 'it is not due yet' }
}

/** What is put off without a commit has not been checked against the settings' epoch. */
async function isCurrent({ settings }: Engine, { site, epoch }: Settings): Promise<boolean> {
  settings.forget(site)
  return (await settings.get(site))?.epoch === epoch
}

/** A rule that loses the reply lets everything happen but the answer's leaving. */
function withoutReplies(stepped: Stepped, verdict: Passed): Stepped {
  if (!verdict.loseReply) return stepped
  const lost = stepped.events.filter(({ type }) => /^(reply|transfer|request)\./.test(type))
  if (lost.length > 0) {
    verdict.lost = true
    verdict.told.push(`the reply ${lost[0]?.type} was lost by a fault rule`)
  }
  return { ...stepped, events: stepped.events.filter((event) => !lost.includes(event)) }
}

async function sendAll(
  { queues, alarms }: Engine,
  settings: Settings,
  taken: Taken[],
  silenced: Armed[],
): Promise<void> {
  const events = taken.flatMap(({ stepped }) => stepped.events)
  await Promise.all([
    events.length > 0 ? queues.add(settings.site, events) : null,
    alarms.set(
      settings,
      taken.flatMap(({ stepped }) => alarmsOf(stepped)),
    ),
  ])
  await alarms.remove(settings, silenced)
}
