/**
 * The stage of one run: a site of its own, and what the names of the scenario stand for there.
 *
 * Owns the map from names to ids (messages, faults; a move is named by its mailbox, the latest of
 * it), and the waits. A wait asks the service again and again until what it waits for is true, or
 * until its time is over: then it says what is true instead. It never assumes that something has
 * had long enough.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { FaultView, MoveView } from '../runtime/views-of-driving.ts'
import type { EntryView, MessageView } from '../runtime/views-of-mail.ts'
import type { Client } from './client.ts'
import type { Scenario } from './format.ts'
import { durationMs } from './format-parts.ts'
import type { StepValue } from './format-steps.ts'

export interface Stage {
  client: Client
  scenario: Scenario
  profile: string
  site: string
  /** `/sites/<site>` */
  path: string
  /** Message names to ids, in the order in which they were sent. */
  messages: Map<string, string>
  /** Fault names to ids, while the rule is in the site. */
  faults: Map<string, string>
  /** Hits of rules that were lifted. */
  hits: Map<string, number>
}

/** How often a wait asks again: often enough that nobody notices it. */
const ASK_AGAIN_MS = 20
const WAIT_TIMEOUT = '30s'

/** The address that an alias of the scenario has in this site; an address stays what it is. */
const localPart = (address: string): string => address.split('@')[0] ?? address

/** Does the entry answer to the name that the scenario has for it? */
export function isEntry(entry: EntryView, label: string): boolean {
  const [name, branch] = label.split(' ')
  if (entry.branch !== branch) return false
  return entry.address === name || localPart(entry.address) === name
}

/** The message that is meant where none is named: the first that is not in the background. */
export function principalMessage(scenario: Scenario): string {
  const sends = scenario.steps.filter((step) => step.kind === 'send')
  const principal = sends.find((step) => !step.value.background) ?? sends[0]
  return principal?.value.as ?? ''
}

export function messageId(stage: Stage, name?: string): string {
  const wanted = name ?? principalMessage(stage.scenario)
  const id = stage.messages.get(wanted)
  if (id === undefined) throw new Error(`the message ${wanted} was not sent before this step`)
  return id
}

export const viewMessage = (stage: Stage, id: string): Promise<MessageView> =>
  stage.client.get(`${stage.path}/messages/${encodeURIComponent(id)}`)

async function latestMove(stage: Stage, alias: string): Promise<MoveView | undefined> {
  const { moves } = await stage.client.get<{ moves: MoveView[] }>(`${stage.path}/moves`)
  const own = moves.filter((move) => localPart(move.mailbox) === alias)
  return own.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt)).at(-1)
}

/** The latest move of a mailbox, waited for: a rule that was hit may be about to begin it. */
export async function moveOf(stage: Stage, alias: string): Promise<MoveView> {
  const deadline = performance.now() + durationMs(WAIT_TIMEOUT)
  for (;;) {
    const latest = await latestMove(stage, alias)
    if (latest) return latest
    if (performance.now() > deadline) throw new Error(`there is no move of ${alias}`)
    await pause(ASK_AGAIN_MS)
  }
}

export function faultOf(stage: Stage, name: string): Promise<FaultView> {
  const id = stage.faults.get(name)
  if (id === undefined) throw new Error(`the fault ${name} is not armed`)
  return stage.client.get(`${stage.path}/faults/${encodeURIComponent(id)}`)
}

/** What is so, and whether that is what was waited for. */
interface Reading {
  met: boolean
  is: string
}

async function readEntry(stage: Stage, wait: StepValue<'wait'>): Promise<Reading> {
  const label = wait.entry ?? ''
  const view = await viewMessage(stage, messageId(stage, wait.message))
  const entry = view.recipients.find((candidate) => isEntry(candidate, label))
  if (!entry) return { met: false, is: 'there is no such entry' }
  const settled = wait.until === 'settled' && entry.outcome !== 'pending'
  const met = settled || entry.state === wait.until || entry.outcome === wait.until
  const waiting = entry.waitsFor.map((reason) => reason.text).join('; ')
  const why = waiting === '' ? '' : `, waits for: ${waiting}`
  return { met, is: `it is ${entry.state} (${entry.outcome})${why}` }
}

async function readMove(stage: Stage, wait: StepValue<'wait'>): Promise<Reading> {
  const move = await latestMove(stage, wait.move ?? '')
  if (!move) return { met: false, is: 'there is no such move' }
  const held = wait.until === 'held' && move.held
  return { met: held || move.phase === wait.until, is: `it is ${move.phase} (${move.state})` }
}

async function readFault(stage: Stage, wait: StepValue<'wait'>): Promise<Reading> {
  const fault = await faultOf(stage, wait.fault ?? '')
  const holding = wait.until === 'holding' && fault.holding.length > 0
  const hit = wait.until === 'hit' && fault.hits > 0
  return { met: holding || hit, is: `hits: ${fault.hits}, holding: ${fault.holding.length}` }
}

function read(stage: Stage, wait: StepValue<'wait'>): Promise<Reading> {
  if (wait.entry !== undefined) return readEntry(stage, wait)
  return wait.move !== undefined ? readMove(stage, wait) : readFault(stage, wait)
}

/** Waits for an entry, a move or a fault; fails with what is true instead. */
export async function waitFor(stage: Stage, wait: StepValue<'wait'>): Promise<void> {
  const timeout = wait.timeout ?? WAIT_TIMEOUT
  const deadline = performance.now() + durationMs(timeout)
  for (;;) {
    const reading = await read(stage, wait)
    if (reading.met) return
    if (performance.now() > deadline) {
      const what = wait.entry ?? wait.move ?? wait.fault
      throw new Error(`waited ${timeout} for ${what} until ${wait.until}, but ${reading.is}`)
    }
    await pause(ASK_AGAIN_MS)
  }
}
