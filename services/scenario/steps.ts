/**
 * Performs the steps of a scenario, each as one call (or one wait) over HTTP.
 *
 * A step that names a `refused` code must be refused with exactly that code: a success is then a
 * failure.
 */

import type { Advanced, ClockView, FaultView } from '../runtime/views-of-driving.ts'
import type { Accepted } from '../runtime/views-of-mail.ts'
import { Refusal } from './client.ts'
import type { FaultRule } from './format.ts'
import { durationMs } from './format-parts.ts'
import type { Step, StepKind, StepValue } from './format-steps.ts'
import { faultOf, isEntry, messageId, moveOf, type Stage, viewMessage, waitFor } from './stage.ts'

type Performers = { [K in StepKind]: (stage: Stage, value: StepValue<K>) => Promise<void> }

/** The rule as the service wants it: a message of the scenario by its id. */
function ruleOf(stage: Stage, rule: FaultRule): object {
  const { message, ...match } = rule.match ?? {}
  return {
    match: message === undefined ? match : { ...match, message: messageId(stage, message) },
    ...(rule.when ? { when: rule.when } : {}),
    do: rule.do,
  }
}

/** Puts a rule into the site. */
export async function armFault(stage: Stage, name: string): Promise<void> {
  const rule = stage.scenario.faults[name]
  if (!rule) throw new Error(`the scenario has no fault ${name}`)
  const body = ruleOf(stage, rule)
  const fault = await stage.client.post<FaultView>(`${stage.path}/faults`, body)
  stage.faults.set(name, fault.id)
}

/** Takes a rule out of the site, which releases what it holds; its hits are kept here. */
async function liftFault(stage: Stage, name: string): Promise<void> {
  const fault = await faultOf(stage, name)
  stage.hits.set(name, (stage.hits.get(name) ?? 0) + fault.hits)
  await stage.client.delete(`${stage.path}/faults/${encodeURIComponent(fault.id)}`)
  stage.faults.delete(name)
}

/** Milliseconds from now until so long before the entry's next attempt. */
async function untilRetryMs(stage: Stage, value: StepValue<'advance'>): Promise<number> {
  const label = value.beforeRetryOf ?? ''
  const view = await viewMessage(stage, messageId(stage, value.message))
  const entry = view.recipients.find((candidate) => isEntry(candidate, label))
  const dues = entry?.waitsFor.flatMap((reason) => (reason.due ? [Date.parse(reason.due)] : []))
  if (!dues || dues.length === 0) throw new Error(`${label} has no attempt to come`)
  const clock = await stage.client.get<ClockView>(`${stage.path}/clock`)
  const less = value.less === undefined ? 0 : durationMs(value.less)
  return Math.min(...dues) - Date.parse(clock.now) - less
}

async function advance(stage: Stage, value: StepValue<'advance'>): Promise<void> {
  const body =
    value.until !== undefined
      ? { until: value.until }
      : { advance: value.by ?? `${Math.max(0, await untilRetryMs(stage, value))}ms` }
  const advanced = await stage.client.post<Advanced>(`${stage.path}/clock`, body)
  if (value.until === undefined || advanced.blockedBy.length === 0) return
  const why = advanced.blockedBy.map((reason) => reason.text).join('; ')
  throw new Error(`the site does not come to rest: ${why}`)
}

async function send(stage: Stage, value: StepValue<'send'>): Promise<void> {
  const { as, background: _, ...submission } = value
  const accepted = await stage.client.post<Accepted>(`${stage.path}/messages`, {
    subject: as,
    text: `The message "${as}" of the scenario "${stage.scenario.name}".`,
    ...submission,
  })
  stage.messages.set(as, accepted.id)
}

async function onMove(stage: Stage, alias: string, call: string, body: object): Promise<void> {
  const move = await moveOf(stage, alias)
  await stage.client.post(`${stage.path}/moves/${encodeURIComponent(move.id)}/${call}`, body)
}

async function deleteItem(stage: Stage, value: StepValue<'deleteItem'>): Promise<void> {
  const folder = `${stage.path}/mailboxes/${value.mailbox}/messages`
  const page = await stage.client.get<{ items: { id: string; subject: string }[] }>(folder)
  const item = page.items.find((candidate) => candidate.subject === value.message)
  if (!item) throw new Error(`${value.mailbox} does not hold ${value.message}`)
  await stage.client.delete(`${folder}/${encodeURIComponent(item.id)}`)
}

const PERFORM: Performers = {
  send,
  advance,
  deleteItem,
  wait: waitFor,
  move: async (stage, value) => {
    await stage.client.post(`${stage.path}/moves`, value)
  },
  release: (stage, { move, ...body }) => onMove(stage, move, 'release', body),
  cancel: (stage, { move }) => onMove(stage, move, 'cancel', {}),
  put: async (stage, { alias, ...entry }) => {
    await stage.client.put(`${stage.path}/mailboxes/${alias}`, entry)
  },
  putList: async (stage, { alias, ...list }) => {
    await stage.client.put(`${stage.path}/lists/${alias}`, list)
  },
  deleteList: (stage, { list }) => stage.client.delete(`${stage.path}/lists/${list}`),
  deleteMailbox: (stage, { mailbox }) => stage.client.delete(`${stage.path}/mailboxes/${mailbox}`),
  restart: async (stage, { server }) => {
    await stage.client.post(`${stage.path}/servers/${server}/restart`, { service: 'mta' })
  },
  profile: async (stage, { name }) => {
    await stage.client.patch(stage.path, { profile: name })
  },
  arm: (stage, { fault }) => armFault(stage, fault),
  lift: (stage, { fault }) => liftFault(stage, fault),
}

/** Performs one step; throws when it fails, or when it was to be refused and was not. */
export async function performStep(stage: Stage, step: Step): Promise<void> {
  const perform = PERFORM[step.kind] as (stage: Stage, value: Step['value']) => Promise<void>
  if (step.refused === null) return perform(stage, step.value)
  const refusal = await perform(stage, step.value).then(
    () => null,
    (error: unknown) => error,
  )
  if (refusal instanceof Refusal && refusal.code === step.refused) return
  const instead = refusal === null ? 'it was done' : String(refusal)
  throw new Error(`was to be refused with ${step.refused}, but ${instead}`)
}
