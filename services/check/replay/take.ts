/**
 * One event of a schedule, taken live: found among those that are held, let go, and committed. With
 * it what shall go wrong: its answer lost, an order of a fault rule, or its worker killed.
 */
import type { FaultSpec, FaultView, WholeEvent } from '../../runtime/views-of-driving.ts'
import type { Content, TakeStep } from '../schedule.ts'
import { differences, essence } from './content.ts'
import { Differs, goTo, type Stage, standing, until } from './stage.ts'
import type { Service } from './system.ts'

/** A worker's death, with what shows it. */
export interface Death {
  /** How often its job has come again since. */
  stalls: number
  /** Numbers of the processes before and after, where the service is our own. */
  before: number | null
  after: number | null
}

export async function take(
  stage: Stage,
  step: TakeStep,
  service: Service | null,
): Promise<Death | null> {
  await goTo(stage, step.at)
  const held = await find(stage, step.event)
  const wrong = whatGoesWrong(step)
  const places = await Promise.all(
    wrong.map(async (what) => {
      const rule = { match: { event: held.type }, when: { first: 1 }, do: what }
      const { id } = await stage.client.post<FaultView>(`${stage.path}/faults`, rule)
      return `${stage.path}/faults/${id}`
    }),
  )
  const before = service?.worker() ?? null
  const dies = step.do === 'take and die'
  const comesAgain = dies || step.do === 'take again'
  await letGo(stage, held, comesAgain)
  for (const place of places) {
    const { hits } = await stage.client.get<FaultView>(place)
    await stage.client.delete(place)
    if (hits !== 1) throw new Differs(`what should go wrong with it did not: ${hits} hits`)
  }
  if (!comesAgain) return null
  const { stalls } = await again(stage, held, dies)
  if (!dies) return null
  const after = service && before !== null ? await service.after(before) : null
  return { stalls, before, after }
}

function whatGoesWrong({ do: how, event, stale }: TakeStep): FaultSpec['do'][] {
  const wrong: FaultSpec['do'][] = stale ? [{ readStale: true }] : []
  const { ordered } = event
  if (ordered) wrong.push('refuse' in ordered ? { refuse: ordered.refuse } : { defer: true })
  if (how === 'take and die') wrong.push({ die: 'after commit' })
  if (how === 'take again') wrong.push({ again: true })
  if (how === 'take and lose') wrong.push({ loseReply: true })
  return wrong
}

/** The held event that is the schedule's; of several rings of a timer its own, or the newest. */
async function find(stage: Stage, wanted: Content): Promise<WholeEvent> {
  const essential = essence(wanted)
  const fits = (held: WholeEvent[]) =>
    held.filter(({ event }) => stage.names.told(essence(event)) === essential)
  const found = await until(stage, ({ held, moving }) => {
    const fitting = fits(held)
    if (moving > 0) return null
    // A call of the API may still have something to ask for.
    const mayCome = stage.asked.some(({ open }) => open)
    return fitting.length > 0 || !mayCome ? fitting : null
  })
  const due = wanted.due === undefined ? null : stage.startedAt + wanted.due
  const exact = found?.find(({ event }) => event.due === due)
  const [event] = (found ?? []).toSorted((a, b) => (b.event.due ?? 0) - (a.event.due ?? 0))
  if (event) return exact ?? event
  throw new Differs(`${wanted.type} for ${wanted.to} is not there`, await instead(stage, wanted))
}

/** What is there instead: what is most like it first, with where it differs. */
async function instead(stage: Stage, wanted: Content): Promise<string[]> {
  const held = await standing(stage)
  const named = held.map(({ event }) => JSON.parse(stage.names.told(JSON.stringify(event))))
  const like = (event: Content) =>
    (event.type === wanted.type ? 1 : 0) + Number(event.to === wanted.to)
  return named
    .toSorted((a, b) => like(b) - like(a))
    .map((event: Content) => {
      const close = like(event) === 2
      const where = close ? `: ${differences(event, wanted).join('; ')}` : ''
      return `${event.type} for ${event.to}${where}`
    })
}

async function letGo(stage: Stage, { id }: WholeEvent, comesAgain = false): Promise<void> {
  await stage.client.post(`${stage.path}/step`, { event: id })
  if (comesAgain) return
  const left = await standing(stage)
  if (left.some((held) => held.id === id)) throw new Differs('it was let go and is held again')
}

/** The event comes again and is held; from a worker that died to the one that follows it. */
async function again(stage: Stage, before: WholeEvent, dies: boolean): Promise<WholeEvent> {
  const { timer, to, due } = before.event
  // One ringing of a timer is held once: a second alarm of it may have come before this one.
  const isTwin = ({ event }: WholeEvent): boolean =>
    timer !== undefined && event.timer === timer && event.to === to && event.due === due
  const isBack = (held: WholeEvent): boolean =>
    held.id === before.id ? !dies || held.stalls > before.stalls : isTwin(held)
  const back = await until(stage, ({ held, moving }) =>
    moving === 0 ? (held.find(isBack) ?? null) : null,
  )
  if (back) return back
  throw new Differs(
    `${dies ? 'its worker was killed, and' : 'it was taken, and'} it never came again`,
  )
}
