/**
 * What a run has left behind, read once when its steps are over: the views that expectations are
 * held against.
 */

import type { Audit, ClockView, FaultView, MoveView } from '../runtime/views-of-driving.ts'
import type { EntryView, ItemView, MailboxView, MessageView } from '../runtime/views-of-mail.ts'
import type { Stage } from './stage.ts'

export interface Holding {
  view: MailboxView | null
  items: ItemView[]
}

export interface Observation {
  /** By the scenario's names; the reports made about their entries beside them. */
  messages: Map<string, MessageView>
  reports: Map<string, MessageView>
  mailboxes: Map<string, Holding>
  moves: MoveView[]
  audit: Audit
  faults: { rule: string; hits: number }[]
  startedAt: string
}

/** How long the ledger may take to find the site at rest. */
const REST = '30s'
/** And where a step has failed already, so that there is little hope of it. */
const REST_AFTER_FAILURE = '1s'
const ITEMS_MAX = 1_000

async function mailboxesOf(stage: Stage): Promise<Map<string, Holding>> {
  const { client, path } = stage
  const { mailboxes } = await client.get<{ mailboxes: MailboxView[] }>(`${path}/mailboxes`)
  const holdings = new Map<string, Holding>()
  for (const view of mailboxes) {
    const folder = `${path}/mailboxes/${view.alias}/messages?limit=${ITEMS_MAX}`
    const { items } = await client.get<{ items: ItemView[] }>(folder)
    holdings.set(view.alias, { view, items })
  }
  return holdings
}

async function faultsOf(stage: Stage): Promise<Observation['faults']> {
  const { faults } = await stage.client.get<{ faults: FaultView[] }>(`${stage.path}/faults`)
  return Object.keys(stage.scenario.faults).map((rule) => {
    const now = faults.find((fault) => fault.id === stage.faults.get(rule))?.hits ?? 0
    return { rule, hits: now + (stage.hits.get(rule) ?? 0) }
  })
}

async function reportsOf(stage: Stage, entries: EntryView[]): Promise<Map<string, MessageView>> {
  const reports = new Map<string, MessageView>()
  for (const { report } of entries) {
    if (!report || reports.has(report.id)) continue
    const path = `${stage.path}/messages/${encodeURIComponent(report.id)}`
    reports.set(report.id, await stage.client.get<MessageView>(path))
  }
  return reports
}

/** Reads everything; the audit first, since it waits for rest. */
export async function observe(
  stage: Stage,
  started: ClockView,
  stepsTaken: boolean,
): Promise<Observation> {
  const rest = stepsTaken ? REST : REST_AFTER_FAILURE
  const audit = await stage.client.get<Audit>(`${stage.path}/audit?rest=${rest}`)
  const messages = new Map<string, MessageView>()
  for (const [name, id] of stage.messages) {
    const path = `${stage.path}/messages/${encodeURIComponent(id)}`
    messages.set(name, await stage.client.get<MessageView>(path))
  }
  const entries = [...messages.values()].flatMap((message) => message.recipients)
  const { moves } = await stage.client.get<{ moves: MoveView[] }>(`${stage.path}/moves`)
  return {
    messages,
    reports: await reportsOf(stage, entries),
    mailboxes: await mailboxesOf(stage),
    moves,
    audit,
    faults: await faultsOf(stage),
    startedAt: started.now,
  }
}
