/**
 * A scenario as a driver in memory needs it: the site, what has happened before the first message
 * of interest, what people may do from then on, and which faults may befall it.
 *
 * A scenario's own order (waits, holds, releases, advances) is one run among many; here every order
 * is possible, so those steps say nothing. A fault rule that starts a move becomes an act, one that
 * defers, refuses or loses a reply becomes a fault that may happen.
 */
import type { Code } from '../../machines/codes.ts'
import { checkProfile } from '../../machines/profile.ts'
import type { MailboxFacts } from '../../machines/site.ts'
import type { SiteFacts } from '../../machines/wire.ts'
import { DataError } from '../data-error.ts'
import type { FaultRule, Scenario } from '../scenario/format.ts'
import { durationMs, type ListOfFile } from '../scenario/format-parts.ts'
import type { Step } from '../scenario/format-steps.ts'
import type { Act } from './acts.ts'

export interface Plan {
  scenario: string
  profile: string
  site: SiteFacts
  mailboxes: MailboxFacts[]
  /** In this order, each until nothing is under way any more. */
  before: Before[]
  /** In any order from then on, one kind of move after the other for one mailbox. */
  acts: Act[]
  faults: PlannedFault[]
}

export type FaultyEvent = (typeof FAULTY)[number]

/** Events that a rule may order to be put off, refused or not answered. */
const FAULTY = ['mail.submitted', 'mail.offered', 'copy.transferred'] as const

export type Before = { act: Act } | { advance: number }

/** What may befall a submission, an offer to this mailbox, or a transfer, so often at most. */
export interface PlannedFault {
  name: string
  event: FaultyEvent
  mailbox: string | null
  times: number
  order: { defer: true } | { refuse: Code } | 'lose reply'
}

const DOMAIN = 'example.test'

export function planOf(scenario: Scenario, profile: string): Plan {
  const checked = checkProfile(
    scenario.site.profile ? { extends: profile, ...scenario.site.profile } : profile,
  )
  if ('wrong' in checked) throw new DataError(scenario.name, [checked.wrong])
  const { servers } = scenario.site
  const first = servers[0] as string
  const mailboxes = [
    ...scenario.site.mailboxes.map(
      (mailbox): MailboxFacts => ({ ...mailbox, server: mailbox.server ?? first }),
    ),
    ...(scenario.site.lists ?? []).map((list) => listOf(list, first)),
  ]
  const begins = scenario.steps.findIndex(
    ({ kind, value }) => kind === 'send' && !(value as { background?: boolean }).background,
  )
  const rules = Object.entries(scenario.faults)
  const planner: Planner = {
    mailboxes,
    first,
    moves: 0,
    digits: `${movesIn(scenario)}`.length,
    latest: new Map(),
    known: new Map(mailboxes.map(({ alias, storageLimit = null }) => [alias, storageLimit])),
  }
  return {
    scenario: scenario.name,
    profile,
    site: { name: scenario.name, domain: DOMAIN, servers, profile: checked.profile },
    mailboxes,
    before: scenario.steps.slice(0, begins).flatMap((step) => beforeOf(planner, step)),
    acts: [
      ...rules.flatMap(([, { do: action }]) =>
        action.move ? [moveOf(planner, action.move.mailbox, action.move.to)] : [],
      ),
      ...scenario.steps.slice(begins).flatMap((step) => actsOf(planner, step)),
    ],
    faults: rules.flatMap(([name, rule]) => faultOf(name, rule)),
  }
}

interface Planner {
  mailboxes: MailboxFacts[]
  first: string
  moves: number
  /** Of the longest number of a move: all have as many, so that they grow as text too. */
  digits: number
  /** The latest move of each mailbox. */
  latest: Map<string, string>
  /** Mailboxes that are there when all has gone as the scenario says, with their limits. */
  known: Map<string, number | null>
}

const movesIn = ({ steps, faults }: Scenario): number =>
  steps.filter(({ kind }) => kind === 'move').length +
  Object.values(faults).filter((rule) => rule.do.move).length

function moveOf(planner: Planner, mailbox: string, to: string): Act {
  planner.moves += 1
  const id = `move-${`${planner.moves}`.padStart(planner.digits, '0')}`
  planner.latest.set(mailbox, id)
  return { do: 'move', id, mailbox, to }
}

function beforeOf(planner: Planner, step: Step): Before[] {
  if (step.kind === 'advance' && step.value.by) return [{ advance: durationMs(step.value.by) }]
  return actsOf(planner, step).map((act) => ({ act }))
}

function listOf({ alias, addresses, maxBytes, ...list }: ListOfFile, server: string): MailboxFacts {
  const { members, reportToOriginator = true } = list
  return {
    alias,
    server,
    ...(addresses ? { addresses } : {}),
    list: { members, reportToOriginator, ...(maxBytes === undefined ? {} : { maxBytes }) },
  }
}

/** An edit that makes a mailbox, changes its limit, is raw or deletes it has more than one half. */
function actsOf(planner: Planner, step: Step): Act[] {
  const act = actOf(planner, step)
  if (!act) return []
  if (step.kind === 'putList' || step.kind === 'deleteList') return [act]
  const { known } = planner
  if (act.do === 'delete') known.delete(act.mailbox)
  else if (act.do !== 'put') return [act]
  else {
    const { alias, storageLimit = null } = act.mailbox
    const same = known.get(alias) === storageLimit
    known.set(alias, storageLimit)
    const goOn = { do: 'go on', mailbox: alias } as const
    return [act, ...(same ? [] : [goOn]), ...(act.raw ? [goOn] : [])]
  }
  return [act, { do: 'go on', mailbox: act.mailbox }]
}

function actOf(planner: Planner, { kind, value, refused }: Step): Act | null {
  if (refused !== null) return null
  switch (kind) {
    case 'send': {
      const home = planner.mailboxes.find(({ alias }) => alias === value.from)?.server
      return {
        do: 'send',
        as: value.as,
        from: value.from,
        to: value.to,
        server: value.server ?? home ?? planner.first,
        priority: value.priority ?? 'normal',
        wanted: value.notify === undefined || value.notify.includes('failure'),
        ...(value.reassignmentProhibited ? { reassignmentProhibited: true } : {}),
        ...(value.expansionProhibited ? { expansionProhibited: true } : {}),
        ...(value.text === undefined ? {} : { size: new TextEncoder().encode(value.text).length }),
        ...(value.deferFor === undefined ? {} : { deferForMs: durationMs(value.deferFor) }),
      }
    }
    case 'move':
      return moveOf(planner, value.mailbox, value.to)
    case 'cancel': {
      const move = planner.latest.get(value.move)
      return move === undefined ? null : { do: 'cancel', move }
    }
    case 'put': {
      const { replicate, raw = false, ...mailbox } = value
      const server = value.server ?? planner.first
      const put = { do: 'put', mailbox: { ...mailbox, server }, now: replicate === 'now' } as const
      return raw ? { ...put, raw } : put
    }
    case 'putList': {
      const { replicate, ...list } = value
      return { do: 'put', mailbox: listOf(list, planner.first), now: replicate === 'now' }
    }
    case 'deleteList':
      return { do: 'delete', mailbox: value.list }
    case 'deleteMailbox':
      return { do: 'delete', mailbox: value.mailbox }
    case 'deleteItem':
      return { do: 'remove', mailbox: value.mailbox, message: value.message }
    default:
      return null
  }
}

function faultOf(name: string, { match, when, do: action }: FaultRule): PlannedFault[] {
  const named = match?.event ?? 'mail.offered'
  const event = FAULTY.find((one) => one === named)
  if (!event) return []
  const fault = { name, event, mailbox: match?.mailbox ?? null, times: when?.first ?? 1 }
  if (action.defer) return [{ ...fault, order: { defer: true } }]
  if (action.refuse) return [{ ...fault, order: { refuse: action.refuse as Code } }]
  return action.loseReply ? [{ ...fault, order: 'lose reply' }] : []
}
