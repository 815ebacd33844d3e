/**
 * The stage of a replay: a live site of the schedule's topology and profile, which is paused and
 * whose clock stands, so that nothing happens there but what is let go.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { checkProfile, isOwnProfile, specOf } from '../../../machines/profile.ts'
import { DataError } from '../../data-error.ts'
import type { Advanced, ClockView, Standing, WholeEvent } from '../../runtime/views-of-driving.ts'
import type { ProfileSpec } from '../../runtime/views-of-mail.ts'
import { type Client, Refusal } from '../../scenario/client.ts'
import type { Schedule } from '../schedule.ts'
import { Names } from './content.ts'

export interface Stage {
  client: Client
  schedule: Schedule
  site: string
  /** `/sites/<site>` */
  path: string
  names: Names
  /** Site time, and that at which the schedule begins. */
  now: number
  startedAt: number
  /** Calls of the API that are answered only when what they asked for has been taken. */
  asked: Call[]
}

export interface Call {
  /** Has no answer yet. */
  open: boolean
  failed: Error | null
}

/** Something is not as in the schedule. */
export class Differs extends Error {
  /** What is there instead, a line each. */
  readonly instead: string[]
  constructor(message: string, instead: string[] = []) {
    super(message)
    this.name = 'Differs'
    this.instead = instead
  }
}

/** A site that a killed replay leaves behind goes away by itself after this real time. */
const SITE_TTL = '1h'
const ASK_AGAIN_MS = 10
/** What takes longer hangs; a dead worker's job comes again within ten seconds. */
const PATIENCE_MS = 60_000

export async function openStage(client: Client, schedule: Schedule): Promise<Stage> {
  const { domain, servers } = schedule.site
  const site = `replay-${randomBytes(4).toString('hex')}`
  const path = `/sites/${site}`
  const profile = profileOf(schedule)
  const entries = { mailboxes: mailboxesIn(schedule), lists: listsIn(schedule) }
  const body = { name: site, domain, servers, ...entries, profile, ttl: SITE_TTL }
  await client.post('/sites', body).catch((error: Error) => {
    const why = `its site cannot be made: ${error.message}`
    throw error instanceof Refusal && error.status < 500 ? new DataError('schedule', [why]) : error
  })
  await client.post(`${path}/pause`, {})
  const { now } = await client.post<ClockView>(`${path}/clock`, { stop: true })
  const startedAt = Date.parse(now)
  const names = new Names()
  return { client, schedule, site, path, names, now: startedAt, startedAt, asked: [] }
}

const mailboxesIn = ({ mailboxes }: Schedule) =>
  mailboxes.flatMap(({ list, ...mailbox }) => (list ? [] : [mailbox]))

const listsIn = ({ mailboxes }: Schedule) =>
  mailboxes.flatMap(({ alias, server, addresses = [], list }) =>
    list ? [{ alias, server, addresses, ...list }] : [],
  )

/** A preset, or all figures: then it does not matter which one they extend. */
export function profileOf({ profile, site }: Pick<Schedule, 'profile' | 'site'>): ProfileSpec {
  const { name } = site.profile
  const known = [name, profile, name.replace(/\+$/, '')]
  for (const preset of known) {
    const checked = checkProfile(preset)
    if ('wrong' in checked || isOwnProfile(preset)) continue
    const isSame = JSON.stringify(checked.profile) === JSON.stringify(site.profile)
    return isSame ? preset : specOf(site.profile, preset)
  }
  return specOf(site.profile)
}

/** Site time goes on to this time of the schedule; what comes due is held. */
export async function goTo(stage: Stage, at: number): Promise<void> {
  const wanted = stage.startedAt + at
  const deadline = performance.now() + PATIENCE_MS
  while (stage.now < wanted) {
    const change = { advance: wanted - stage.now }
    const clock = await stage.client.post<Advanced>(`${stage.path}/clock`, change)
    stage.now = Date.parse(clock.now)
    if (performance.now() > deadline) throw new Differs('the clock does not come so far')
  }
}

/** What is held, once nothing moves any more. */
export async function standing(stage: Stage): Promise<WholeEvent[]> {
  const found = await until(stage, ({ held, moving }) => (moving === 0 ? held : null))
  if (found) return found
  throw new Differs('what is under way does not come to a stand')
}

/** Each call of the API has its answer. */
export async function answered(stage: Stage): Promise<void> {
  await until(stage, () => (stage.asked.some(({ open }) => open) ? null : true))
}

/** Asks until there is something to say, or patience is over. */
export async function until<T>(
  stage: Stage,
  look: (standing: Standing) => T | null,
  patienceMs = PATIENCE_MS,
): Promise<T | null> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const found = look(await stage.client.get<Standing>(`${stage.path}/held?whole=true`))
    if (found !== null) return found
    if (performance.now() > deadline) return null
    await pause(ASK_AGAIN_MS)
  }
}
