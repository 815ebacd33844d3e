/**
 * A schedule replayed: step by step, until the first that differs; then how each entry ended.
 */
import type { EntryView, MessageView } from '../../runtime/views-of-mail.ts'
import { type Client, Refusal } from '../../scenario/client.ts'
import type { Schedule, ScheduleStep } from '../schedule.ts'
import { perform } from './acts.ts'
import { answered, Differs, goTo, openStage, type Stage, standing } from './stage.ts'
import type { Service } from './system.ts'
import { type Death, take } from './take.ts'

export interface Replayed {
  scenario: string
  profile: string
  site: string
  /** Steps that went as the schedule says, of how many. */
  taken: number
  steps: number
  differs: { step: number; at: number; text: string; why: string; instead: string[] } | null
  deaths: (Death & { step: number })[]
  entries: EntryResult[]
  same: boolean
  seconds: number
}

export interface EntryResult {
  /** `<message> <address> <own|redirected>` */
  entry: string
  expected: string
  got: string
  same: boolean
}

export interface ReplayOptions {
  /** Whose workers are killed, where it is our own. */
  service?: Service
  keep?: boolean
  /** Told before each step. */
  onStep?(step: ScheduleStep, number: number): void
}

export async function replay(
  client: Client,
  schedule: Schedule,
  options: ReplayOptions = {},
): Promise<Replayed> {
  const began = performance.now()
  const stage = await openStage(client, schedule)
  try {
    const result = await takeAll(stage, options)
    const entries = await compareEntries(stage)
    const { scenario, profile, steps } = schedule
    return {
      ...{ scenario, profile, site: stage.site, steps: steps.length },
      ...result,
      entries,
      same: result.differs === null && entries.every((entry) => entry.same),
      seconds: Math.round(performance.now() - began) / 1_000,
    }
  } finally {
    if (!options.keep) await client.delete(stage.path)
  }
}

async function takeAll(
  stage: Stage,
  { service, onStep }: ReplayOptions,
): Promise<Pick<Replayed, 'taken' | 'differs' | 'deaths'>> {
  const deaths: Replayed['deaths'] = []
  let taken = 0
  for (const step of stage.schedule.steps) {
    onStep?.(step, taken + 1)
    try {
      const death = await performStep(stage, step, service ?? null)
      if (death) deaths.push({ step: taken + 1, ...death })
    } catch (error) {
      if (!(error instanceof Differs || error instanceof Refusal)) throw error
      const { at, text } = step
      const instead = error instanceof Differs ? error.instead : []
      const differs = { step: taken + 1, at, text, why: error.message, instead }
      return { taken, deaths, differs }
    }
    taken += 1
  }
  await atTheEnd(stage)
  return { taken, deaths, differs: null }
}

async function performStep(
  stage: Stage,
  step: ScheduleStep,
  service: Service | null,
): Promise<Death | null> {
  if (step.do !== 'act') return take(stage, step, service)
  await goTo(stage, step.at)
  await perform(stage, step.act)
  return null
}

/**
 * Nothing moves any more, and what was asked of the API has its answers. What they say is no part
 * of the schedule: that a mailbox was locked when somebody deleted in it, say.
 */
async function atTheEnd(stage: Stage): Promise<void> {
  await answered(stage)
  await standing(stage)
}

/** Every entry that the schedule tells of, and every other of the same messages. */
async function compareEntries(stage: Stage): Promise<EntryResult[]> {
  const expected = new Map(Object.entries(stage.schedule.outcomes))
  const names = new Set([...expected.keys()].map(messageOf))
  const found = new Map<string, string>()
  for (const name of names) {
    for (const [label, outcome] of await entriesOf(stage, name)) found.set(label, outcome)
  }
  const labels = new Set([...expected.keys(), ...found.keys()])
  return [...labels].map((entry) => {
    const [wanted = 'not there', got = 'not there'] = [expected.get(entry), found.get(entry)]
    return { entry, expected: wanted, got, same: wanted === got }
  })
}

/** A label without its last two words; a message's name may have several. */
const messageOf = (label: string): string => label.split(' ').slice(0, -2).join(' ')

async function entriesOf(stage: Stage, name: string): Promise<[string, string][]> {
  const id = stage.names.live(name)
  if (id === null) return []
  const place = `${stage.path}/messages/${encodeURIComponent(id)}`
  try {
    const { recipients } = await stage.client.get<MessageView>(place)
    return recipients.map((entry) => [`${name} ${aliasOf(stage, entry)}`, entry.outcome])
  } catch (error) {
    if (error instanceof Refusal && error.code === 'unknown-message') return []
    throw error
  }
}

/** An address of the site is told as its alias, as the schedule does. */
function aliasOf({ schedule }: Stage, { address, branch }: EntryView): string {
  const own = `@${schedule.site.domain}`
  const alias = address.endsWith(own) ? address.slice(0, -own.length) : address
  return `${alias} ${branch}`
}
