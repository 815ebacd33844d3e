/**
 * From a step of the journal to what happened, in terms that both logs speak of: mail that came,
 * went on, was delivered, redirected, put off, failed, reported.
 *
 * A step names the recipients that it changed and the states in which it left them. Each state that
 * is told of here is entered once by an entry of a copy, `deferred` apart.
 */
import { type Address, entryOf, partsOf, serverOf } from '../../machines/protocol.ts'
import { allToldIn } from '../../machines/reporting.ts'
import type { Told } from '../../machines/told.ts'
import type { About, Header } from '../../machines/wire.ts'
import type { JournalRecord } from '../runtime/port.ts'
import { type Records, recipientsIn } from './records.ts'

export type What =
  | 'submitted'
  | 'transferredIn'
  | 'transferredOut'
  | 'delivered'
  | 'redirected'
  | 'expanded'
  | 'reported'
  | 'deferred'
  | 'failed'
  | 'expired'

/** A recipient, as far as it is known. */
export interface Party {
  number: number
  /** 0: named by the originator; more: redirected so often. */
  branch: number
  /** An alias, or an address beyond the site; '' when it is not known any more. */
  name: string
  /** What its entry remembers; nothing when its message is not kept. */
  about: About
  /** Its last attempt was towards another MTA. */
  remote: boolean
  /** Why it changed, in words; '' when nobody said so. */
  why: string
  /** What became of it when it failed; null when nobody decided anything. */
  end: 'report' | 'silenced' | 'deadLetter' | null
}

export interface Happening {
  what: What
  /** Site time. */
  at: number
  /** The MTA. */
  server: string
  /** The message's id; a report's has a `~`. */
  id: string
  /** Null when the message is not kept any more. */
  header: Header | null
  parties: Party[]
  /** The event by which it happened. */
  by: string
  /** Of a transfer: the other MTA, as far as it is known. */
  other?: string
}

export const isReport = ({ id }: Pick<Happening, 'id'>): boolean => id.includes('~')

/** What a report tells of each entry; nothing when it is not kept any more. */
export const reportedOn = ({ header }: Pick<Happening, 'header'>): Told[] =>
  header?.report ? allToldIn(header.report) : []

/**
 * Whom the originator meant, by the name that all lines have: not as the address was typed, which
 * the report has.
 */
export const intendedIn = ({ history, address }: Told): string => history?.[0] ?? address

/** The name of a report on what was no failure ends so: machines/reporting.ts. */
const OF_SUCCESS = /\.(delivered|relayed|expanded)$/

/** A delay is not (yet) a delivery either. */
export const isOfFailure = ({ id }: Happening): boolean => !OF_SUCCESS.test(id)

/**
 * A failed entry that became a dead letter. A report that is not kept any more was one: what is
 * lost stays.
 */
export const isDiscarded = (happening: Happening, { end }: Party): boolean =>
  end === 'deadLetter' || (end === null && happening.header === null && isReport(happening))

/** Events by which a copy makes its entries. */
const MAKING: ReadonlySet<string> = new Set([
  ...['mail.submitted', 'routing.due', 'copy.transferred', 'report.submitted'],
])

export function happeningsOf(step: JournalRecord, records: Records): Happening[] {
  const recipients = recipientsIn(step)
  const [first] = recipients
  if (!first) return []
  const [id, copy] = partsOf(first[0]) as [string, string]
  const header = records.header(first[0])
  const about = { at: step.a, server: serverOf(copy), id, header, by: step.y }
  const parties = recipients.map(([address, state]) => ({
    state,
    party: partyOf(step, records, address),
  }))
  const inState = (...states: string[]): Party[] =>
    parties.filter(({ state }) => states.includes(state)).map(({ party }) => party)
  const all = parties.map(({ party }) => party)
  const made = MAKING.has(step.y)
  const told: [What, Party[]][] = [
    ['submitted', step.y === 'mail.submitted' ? all : []],
    ['transferredIn', step.y === 'copy.transferred' ? all : []],
    ['reported', step.y === 'report.submitted' ? all : []],
    ['redirected', made && step.y !== 'copy.transferred' ? all.filter(isRedirected) : []],
    ['expanded', inState('expanded')],
    ['deferred', inState('deferred')],
    ['delivered', inState('delivered')],
    ['failed', inState('failed')],
    ['expired', inState('expired')],
  ]
  const before = header?.trace.at(-2)
  return [
    ...told
      .filter(([, some]) => some.length > 0)
      .map(([what, some]) => ({
        ...{ what, ...about, parties: some },
        ...(what === 'transferredIn' && before !== undefined ? { other: before } : {}),
      })),
    ...transfersOut(inState('transferred'), about),
  ]
}

const isRedirected = ({ branch }: Party): boolean => branch > 0

/** One for each MTA that took some of them over. */
function transfersOut(
  parties: Party[],
  about: Omit<Happening, 'what' | 'parties' | 'other'>,
): Happening[] {
  const byCopy = new Map<string, Party[]>()
  for (const party of parties) {
    const copy = party.about.copy ?? ''
    byCopy.set(copy, [...(byCopy.get(copy) ?? []), party])
  }
  return [...byCopy].map(([copy, some]) => ({
    ...{ what: 'transferredOut', ...about, parties: some },
    other: serverOf(copy),
  }))
}

function partyOf(step: JournalRecord, records: Records, address: Address): Party {
  const stored = records.entry(address)
  const { number, branch } = entryOf(partsOf(address)[2] as string)
  return {
    ...{ number, branch },
    name: stored?.a.entry?.address ?? nameInWords(step, number, branch),
    about: stored?.a ?? {},
    remote: stored?.c.remote === true,
    end: records.end(address)?.kind ?? null,
    why: whyInWords(step, number, branch),
  }
}

/** `recipient 1 (anna)`, `recipient 1 (bob, alternate)`: in the words of machines/words.ts. */
const NAMED = /^recipient (\d+) \((.*?)(, alternate)?\)(?=:|$)/
const WHY = / → [a-zA-Z]+, (.+)$/

function wordsAbout({ w, c }: JournalRecord, number: number, branch: number): string[] {
  return [w, ...c].filter((text) => {
    const [, told, , alternate] = NAMED.exec(text) ?? []
    return Number(told) === number && (alternate !== undefined) === branch > 0
  })
}

function nameInWords(step: JournalRecord, number: number, branch: number): string {
  const [first = ''] = wordsAbout(step, number, branch)
  return NAMED.exec(first)?.[2] ?? ''
}

function whyInWords(step: JournalRecord, number: number, branch: number): string {
  const all = wordsAbout(step, number, branch).map((text) => WHY.exec(text)?.[1] ?? '')
  return all.find((why) => why !== '') ?? ''
}
