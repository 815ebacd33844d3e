/**
 * The verdict of the search on every row and extension of the truth table: over all interleavings
 * an entry is lost exactly where the table says, and never without the defect.
 *
 * A row is a combination of circumstances, and the search brings about all of them. So each kind of
 * rest is compared with the row's factors: those that fit end as the row says, there is one at
 * least, and in all others nobody is lost but where all conditions of row 10 meet.
 */
import { describe, expect, test } from 'vitest'
import type { Checked } from '../../../services/check/explore/check.ts'
import type { Tuple } from '../../../services/check/explore/watch.ts'
import type { Plan } from '../../../services/check/plan.ts'
import {
  type Column,
  type Factors,
  loadTable,
  type Row,
  rowName,
} from '../../../services/scenario/table.ts'
import { broken, MODERN, ONCE, planFor, SP3, SP4, searched, withFigures } from './verdict.ts'

const OWN = 'letter anna own'
const ALTERNATE = 'letter bob redirected'

const subjectOf = ({ moved }: Factors): string => (moved === 'alternate' ? ALTERNATE : OWN)
const otherOf = ({ moved }: Factors): string => (moved === 'alternate' ? OWN : ALTERNATE)

/** Shorter than the least time for which a move can be held up here: one lost answer. */
const SOON_MS = 20_000

/** What brings the row's circumstances about in a search of few states. */
function tuned({ factors }: Row, plan: Plan): { plan: Plan; bounds: typeof ONCE } {
  if (factors.lastAttempt === 'expired') {
    const expiryMs = { ...plan.site.profile.expiryMs, urgent: SOON_MS }
    const bounds = { ...ONCE, lostReplies: 1, cancels: 0 }
    return { plan: withFigures(plan, { expiryMs }), bounds }
  }
  // A letter that only warms the cache is not needed: the cache is as young as it can be.
  const acts = plan.acts.filter((act) => act.do !== 'send' || act.as === 'letter')
  const bounds = factors.moreRecipients ? { ...ONCE, moves: 1 } : ONCE
  return { plan: { ...plan, acts }, bounds }
}

/** Of a mailbox that was deleted the directory says so, and no second offer is made. */
const isDeferred = ({ factors }: Row, { deferred }: Tuple, entry: string): boolean =>
  deferred.includes(entry) || factors.deleted === true

/** All of (a) to (f): then and only then is it lost. */
function isLost(row: Row, profile: string, tuple: Tuple, entry: string): boolean {
  const { factors } = row
  return (
    profile === SP3 &&
    factors.both &&
    !factors.notifyNever &&
    isDeferred(row, tuple, entry) &&
    tuple.alternateFirst.includes(entry) &&
    tuple.cause[entry] === '1/0'
  )
}

/** Whether this rest has the row's circumstances; of what a rest does not tell, any will do. */
function fits(row: Row, profile: string, tuple: Tuple): boolean {
  const { factors } = row
  const subject = subjectOf(factors)
  const { cause, alternateFirst, outcomes } = tuple
  const failed = cause[subject] !== undefined
  if (outcomes[subject] === undefined) return false
  if (factors.alternate && outcomes[ALTERNATE] === undefined) return false
  if (factors.lastAttempt === 'none') return true
  if ((factors.deferred === 'no') === isDeferred(row, tuple, subject)) return false
  if (factors.lastAttempt === 'found' || factors.lastAttempt === 'fresh') return !failed
  if (cause[subject] !== (factors.lastAttempt === 'expired' ? 'expired' : '1/0')) return false
  if (factors.redirected.endsWith('failed') && outcomes[ALTERNATE] !== 'reported') return false
  // Without the defect every entry has a slot of its own, and nobody need know who was first.
  if (profile !== SP3 || factors.redirected === 'none' || factors.deferred === 'no') return true
  return FIRST.has(factors.redirected) || subject === ALTERNATE
    ? alternateFirst.includes(subject)
    : !alternateFirst.includes(subject)
}
const FIRST: ReadonlySet<string> = new Set(['delivered', 'transferred', 'transferred, then failed'])

function expectRow(row: Row, profile: Column, { tuples, outcomes }: Checked): void {
  const subject = subjectOf(row.factors)
  const endings = subject === OWN ? row.own : (row.redirected as Row['own'])
  for (const tuple of tuples) {
    const lost = Object.keys(tuple.outcomes).filter((entry) => tuple.outcomes[entry] === 'lost')
    const expected = Object.keys(tuple.outcomes).filter((one) => isLost(row, profile, tuple, one))
    // A rest does not tell where it failed: a deleted mailbox may be unknown at the next MTA.
    const told = row.factors.deleted ? expected.filter((one) => lost.includes(one)) : expected
    expect(lost, JSON.stringify(tuple)).toEqual(told)
  }
  if (profile === MODERN) {
    const allowed = new Set(['delivered', ...endings[profile]])
    expect(outcomes[subject]?.filter((outcome) => !allowed.has(outcome))).toEqual([])
    expect(outcomes[subject]).toEqual(expect.arrayContaining(endings[profile].slice(0, 1)))
    return
  }
  const fitting = tuples.filter((tuple) => fits(row, profile, tuple))
  expect(fitting.length).toBeGreaterThan(0)
  if (row.factors.deleted) {
    expect(fitting.map((tuple) => tuple.outcomes[subject])).toContain(endings[profile][0])
    return
  }
  for (const tuple of fitting) {
    expect(endings[profile], JSON.stringify(tuple)).toContain(tuple.outcomes[subject])
    const others = row.redirected?.[profile]
    if (others && otherOf(row.factors) === ALTERNATE) {
      expect(others, JSON.stringify(tuple)).toContain(tuple.outcomes[ALTERNATE])
    }
  }
}

const rows = (await loadTable()).map((row) => ({ row, name: `${rowName(row)}: ${row.title}` }))

describe.each(rows)('$name', ({ row }) => {
  test.each([SP3, SP4, MODERN] as Column[])('under %s', { timeout: 60_000 }, async (profile) => {
    const { plan, bounds } = tuned(row, await planFor(rowName(row), profile))
    const found = await searched(plan, { bounds })
    expect(found.ended).toBeNull()
    const losable = profile === SP3 ? found.tuples.some(someLost) : false
    expect(broken(found)).toEqual(losable ? [`I8 ${subjectOf(row.factors)}`] : [])
    expectRow(row, profile, found)
  })
})

const someLost = ({ outcomes }: Tuple): boolean => Object.values(outcomes).includes('lost')
