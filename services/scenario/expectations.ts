/**
 * Holds what was observed against what was expected: each expectation becomes a sentence that is
 * true or not.
 *
 * Pure. The sentence says what should be; `got` says what is. Beside what a scenario asks for,
 * every run must end at rest with totals that add up, and with nothing duplicated, unexplained or
 * falsely reported (I1, I2, I9).
 */
import type { EntryView, ItemView, MessageView } from '../runtime/views-of-mail.ts'
import type { Scenario } from './format.ts'
import type { AmountRule, AuditCount, Expect } from './format-expect.ts'
import type { Holding, Observation } from './observe.ts'
import { isEntry, principalMessage } from './stage.ts'
import { goesThrough, pathOf } from './timeline.ts'

export interface Expectation {
  text: string
  held: boolean
  /** What is so instead; empty when it held. */
  got: string
}

const found = (text: string, held: boolean, got: string): Expectation => ({
  text,
  held,
  got: held ? '' : got,
})

function times(count: number, noun: string, plural = `${noun}s`): string {
  if (count === 0) return `no ${noun}`
  return count === 1 ? `one ${noun}` : `${count} ${plural}`
}

const localPart = (address: string): string => address.split('@')[0] ?? address

/** `2 attempts`, `at least 100 attempts`. */
function amountText(amount: AmountRule, noun: string): string {
  if (typeof amount === 'number') return times(amount, noun)
  const least = amount.atLeast === undefined ? [] : [`at least ${amount.atLeast}`]
  const most = amount.atMost === undefined ? [] : [`at most ${amount.atMost}`]
  return `${[...least, ...most].join(' and ')} ${noun}s`
}

function amountHolds(amount: AmountRule, value: number): boolean {
  if (typeof amount === 'number') return value === amount
  return value >= (amount.atLeast ?? 0) && value <= (amount.atMost ?? Number.POSITIVE_INFINITY)
}

interface Subject {
  name: string
  view: MessageView | undefined
}

function entryOf(subject: Subject, label: string): EntryView | undefined {
  return subject.view?.recipients.find((entry) => isEntry(entry, label))
}

function ofEntries(expect: Expect, subject: Subject): Expectation[] {
  return Object.entries(expect.entries ?? {}).map(([label, outcomes]) => {
    const allowed = [outcomes].flat()
    const outcome = entryOf(subject, label)?.outcome
    const text = `${subject.name}: ${label} is ${allowed.join(' or ')}`
    return found(text, allowed.includes(outcome as never), outcome ?? 'there is no such entry')
  })
}

function ofPaths(expect: Expect, subject: Subject): Expectation[] {
  return Object.entries(expect.path ?? {}).map(([label, states]) => {
    const entry = entryOf(subject, label)
    const path = entry && subject.view ? pathOf(subject.view, entry) : []
    const text = `${subject.name}: ${label} goes through ${states.join(', ')}`
    return found(text, goesThrough(path, states), path.join(', ') || 'nothing')
  })
}

function ofAttempts(expect: Expect, subject: Subject): Expectation[] {
  return Object.entries(expect.attempts ?? {}).map(([label, amount]) => {
    const attempts = entryOf(subject, label)?.attempts
    const text = `${subject.name}: ${label} takes ${amountText(amount, 'attempt')}`
    return found(text, attempts !== undefined && amountHolds(amount, attempts), String(attempts))
  })
}

type ReportRule = NonNullable<Expect['reports']>[number]

function matchesReport(item: ItemView, rule: ReportRule, about: string | undefined): boolean {
  const report = item.report
  if (!report || report.about !== about) return false
  return [report, ...report.others].some(
    ({ recipient, status, reason, diagnostic }) =>
      [recipient, localPart(recipient)].includes(rule.naming) &&
      (rule.status === undefined || rule.status === status) &&
      (rule.code === undefined || rule.code === `${reason}/${diagnostic}`),
  )
}

function ofReports(expect: Expect, subject: Subject, seen: Observation): Expectation[] {
  return (expect.reports ?? []).map((rule) => {
    const items = seen.mailboxes.get(rule.to)?.items ?? []
    const message = rule.message ?? subject.name
    const about = seen.messages.get(message)?.id
    const count = items.filter((item) => matchesReport(item, rule, about)).length
    const wanted = rule.count ?? 1
    const codes = [rule.code, rule.status].filter((code) => code !== undefined).join(' ')
    const text =
      `${rule.to}'s mailbox holds ${times(wanted, 'report')} ` +
      `that ${message} could not reach ${rule.naming}${codes === '' ? '' : `, ${codes}`}`
    const reports = items.flatMap(({ report }) => (report ? [report, ...report.others] : []))
    const are = reports.map((report) => {
      return `${report.recipient} ${report.reason}/${report.diagnostic} ${report.status}`
    })
    return found(text, count === wanted, are.join('; ') || 'no report at all')
  })
}

function ofHolding(
  alias: string,
  rule: NonNullable<Expect['mailboxes']>[string],
  holding?: Holding,
) {
  const items = holding?.items ?? []
  const subjects = items.map((item) => item.subject).join(', ') || 'nothing'
  const expectations: Expectation[] = []
  if (rule.server !== undefined) {
    const server = holding?.view?.server
    expectations.push(
      found(`${alias} lives on ${rule.server}`, server === rule.server, `${server}`),
    )
  }
  for (const [message, wanted] of Object.entries(rule.holds ?? {})) {
    const count = items.filter((item) => !item.report && item.subject === message).length
    const copies = times(wanted, 'copy', 'copies')
    const text = `${alias}'s mailbox holds ${copies} of ${message}`
    expectations.push(found(text, count === wanted, subjects))
  }
  if (rule.reports !== undefined) {
    const count = items.filter((item) => item.report).length
    const text = `${alias}'s mailbox holds ${times(rule.reports, 'report')}`
    expectations.push(found(text, count === rule.reports, subjects))
  }
  if (rule.total !== undefined) {
    const text = `${alias}'s mailbox holds ${times(rule.total, 'item')}`
    expectations.push(found(text, items.length === rule.total, subjects))
  }
  return expectations
}

function ofMoves(expect: Expect, seen: Observation): Expectation[] {
  return Object.entries(expect.moves ?? {}).map(([alias, phase]) => {
    const move = seen.moves.findLast((candidate) => localPart(candidate.mailbox) === alias)
    return found(`the move of ${alias} ends ${phase}`, move?.phase === phase, `${move?.phase}`)
  })
}

function auditCount(seen: Observation, count: AuditCount): number {
  const value = seen.audit[count]
  return typeof value === 'number' ? value : value.length
}

function ofAudit(expect: Expect, seen: Observation): Expectation[] {
  return Object.entries(expect.audit ?? {}).map(([count, wanted]) => {
    const is = auditCount(seen, count as AuditCount)
    return found(`the audit counts ${wanted} ${count}`, is === wanted, String(is))
  })
}

function ofBlock(expect: Expect, scenario: Scenario, seen: Observation): Expectation[] {
  const name = expect.message ?? principalMessage(scenario)
  const subject = { name, view: seen.messages.get(name) }
  return [
    ...ofEntries(expect, subject),
    ...ofPaths(expect, subject),
    ...ofAttempts(expect, subject),
    ...ofReports(expect, subject, seen),
    ...Object.entries(expect.mailboxes ?? {}).flatMap(([alias, rule]) =>
      ofHolding(alias, rule, seen.mailboxes.get(alias)),
    ),
    ...ofMoves(expect, seen),
    ...ofAudit(expect, seen),
  ]
}

/** A rule that never fired proves nothing; a scenario may ask for more, or say that it may miss. */
function ofFaults(blocks: Expect[], scenario: Scenario, seen: Observation): Expectation[] {
  return seen.faults.flatMap(({ rule, hits }) => {
    const asked = blocks.findLast((block) => block.faults?.[rule] !== undefined)?.faults?.[rule]
    if (asked !== undefined) {
      const text = `the fault ${rule} has ${amountText(asked, 'hit')}`
      return [found(text, amountHolds(asked, hits), String(hits))]
    }
    if (scenario.faults[rule]?.mayMiss) return []
    return [found(`the fault ${rule} fires`, hits > 0, 'it did not')]
  })
}

/** What every run must leave behind, whatever it was about, unless it asks for something else. */
function always(blocks: Expect[], { audit }: Observation): Expectation[] {
  const { delivered, reported, silenced, deadLettered, handedOff, pending, lost } = audit
  const sum = delivered + reported + silenced + deadLettered + handedOff + pending + lost.length
  const none = (text: string, name: 'duplicated' | 'unexpected' | 'falseReports') => {
    const isAsked = blocks.some((block) => Object.hasOwn(block.audit ?? {}, name))
    const list: unknown[] = audit[name]
    return isAsked ? [] : [found(text, list.length === 0, JSON.stringify(list).slice(0, 200))]
  }
  return [
    found('the site comes to rest', audit.atRest, 'it did not within the time allowed'),
    found(
      'the totals of the audit add up to the obligations',
      sum === audit.obligations,
      `${sum} of ${audit.obligations}`,
    ),
    ...none('nothing is duplicated (I2)', 'duplicated'),
    ...none('nothing is unexplained (I1)', 'unexpected'),
    ...none('no report is false (I9)', 'falseReports'),
  ]
}

/** All expectations of a scenario for one profile. */
export function judge(scenario: Scenario, profile: string, seen: Observation): Expectation[] {
  const blocks = scenario.expect.filter((block) => block.for?.includes(profile) ?? true)
  return [
    ...blocks.flatMap((block) => ofBlock(block, scenario, seen)),
    ...ofFaults(blocks, scenario, seen),
    ...always(blocks, seen),
  ]
}
