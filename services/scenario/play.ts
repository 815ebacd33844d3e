/**
 * Plays one scenario under one profile: a site of its own, the faults, the steps, and then the
 * verdict.
 *
 * Everything goes over HTTP, so it makes no difference whose service it is. A step that fails ends
 * the steps but not the run: what is there is still observed and judged, since that is what
 * explains the failure.
 */
import { randomBytes } from 'node:crypto'
import { checkProfile, isOwnProfile, specOf } from '../../machines/profile.ts'
import type { Audit, ClockView } from '../runtime/views-of-driving.ts'
import type { EntryView, Outcome, ProfileSpec } from '../runtime/views-of-mail.ts'
import type { Client } from './client.ts'
import { type Expectation, judge } from './expectations.ts'
import type { Scenario } from './format.ts'
import type { Step } from './format-steps.ts'
import { type Observation, observe } from './observe.ts'
import type { Stage } from './stage.ts'
import { armFault, performStep } from './steps.ts'
import { type Line, laneOf } from './timeline.ts'

export interface RecipientResult {
  message: string
  address: string
  branch: 'own' | 'redirected'
  outcome: Outcome
  attempts: number
  report: EntryView['report']
  lane: Line[]
}

/** One scenario under one profile. */
export interface Run {
  scenario: string
  title: string
  profile: string
  site: string
  recipients: RecipientResult[]
  audit: Audit | null
  expectations: Expectation[]
  faults: { rule: string; hits: number }[]
  seconds: number
}

export interface PlayOptions {
  /** Leave the site for looking at. */
  keep?: boolean
}

/** A site that a killed runner leaves behind goes away by itself after this real time. */
const SITE_TTL = '1h'
/** The longest name of a site. */
const NAME_CHARACTERS_MAX = 63
/** Of the profile in that name: the rest is the scenario's. */
const PROFILE_CHARACTERS = 24

function siteName(scenario: string, profile: string): string {
  const plain = profile
    .replace(/^exchange-5\.5-/, '')
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
  const short = plain.slice(0, PROFILE_CHARACTERS)
  const suffix = `-${short}-${randomBytes(3).toString('hex')}`
  return `${scenario.slice(0, NAME_CHARACTERS_MAX - suffix.length)}${suffix}`
}

function profileOf(scenario: Scenario, profile: string): ProfileSpec {
  const differs = scenario.site.profile
  const checked = isOwnProfile(profile) ? checkProfile(profile) : null
  // Whose service it is need not know the file.
  if (checked && 'profile' in checked) return { ...specOf(checked.profile), ...differs }
  return differs ? { extends: profile, ...differs } : profile
}

async function openStage(client: Client, scenario: Scenario, profile: string): Promise<Stage> {
  const site = siteName(scenario.name, profile)
  const { servers, mailboxes, lists = [] } = scenario.site
  const home = servers[0] ?? ''
  await client.post('/sites', {
    name: site,
    profile: profileOf(scenario, profile),
    servers,
    mailboxes: mailboxes.map((mailbox) => ({ server: home, ...mailbox })),
    ...(lists.length > 0 ? { lists } : {}),
    ttl: SITE_TTL,
  })
  const maps = { messages: new Map(), faults: new Map(), hits: new Map() }
  return { client, scenario, profile, site, path: `/sites/${site}`, ...maps }
}

/** Faults that no step arms are there from the start. */
async function armTheRest(stage: Stage): Promise<void> {
  const armed = stage.scenario.steps.flatMap((step) =>
    step.kind === 'arm' ? [step.value.fault] : [],
  )
  for (const name of Object.keys(stage.scenario.faults)) {
    if (!armed.includes(name)) await armFault(stage, name)
  }
}

const stepText = (step: Step, index: number): string =>
  `step ${index + 1}, ${step.kind} ${JSON.stringify(step.value)}`

/** Performs the steps in order; the first that fails ends them and is told. */
async function performSteps(stage: Stage): Promise<Expectation> {
  const text = 'every step can be taken'
  for (const [index, step] of stage.scenario.steps.entries()) {
    try {
      await performStep(stage, step)
    } catch (error) {
      const got = `${stepText(step, index)}: ${(error as Error).message}`
      return { text, held: false, got }
    }
  }
  return { text, held: true, got: '' }
}

function recipientsOf(scenario: Scenario, seen: Observation): RecipientResult[] {
  const background = scenario.steps.flatMap((step) =>
    step.kind === 'send' && step.value.background ? [step.value.as] : [],
  )
  return [...seen.messages].flatMap(([name, message]) =>
    background.includes(name)
      ? []
      : message.recipients.map((entry) => ({
          message: name,
          address: entry.address,
          branch: entry.branch,
          outcome: entry.outcome,
          attempts: entry.attempts,
          report: entry.report,
          lane: laneOf(message, entry, seen.startedAt),
        })),
  )
}

async function perform(stage: Stage): Promise<Omit<Run, 'seconds' | 'title'>> {
  const { scenario, profile, site } = stage
  const clock = (scenario.clock ?? 'stopped') === 'stopped' ? { stop: true } : { scale: 1 }
  const started = await stage.client.post<ClockView>(`${stage.path}/clock`, clock)
  await armTheRest(stage)
  const taken = await performSteps(stage)
  const seen = await observe(stage, started, taken.held)
  return {
    scenario: scenario.name,
    profile,
    site,
    recipients: recipientsOf(scenario, seen),
    audit: seen.audit,
    expectations: [taken, ...judge(scenario, profile, seen)],
    faults: seen.faults,
  }
}

/** Plays a scenario under a profile and gives the verdict. */
export async function play(
  client: Client,
  scenario: Scenario,
  profile: string,
  options: PlayOptions = {},
): Promise<Run> {
  const began = performance.now()
  const stage = await openStage(client, scenario, profile)
  try {
    const run = await perform(stage)
    const seconds = Math.round(performance.now() - began) / 1_000
    return { ...run, title: scenario.title, seconds }
  } finally {
    if (!options.keep) await client.delete(stage.path)
  }
}

/** Every expectation held, and with it every fault that had to fire did. */
export const held = (run: Run): boolean => run.expectations.every((expectation) => expectation.held)
