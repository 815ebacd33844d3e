/**
 * How many entries ended in which way: by a schedule, and by the live ledger.
 */
import type { Bundle } from '../../../services/runtime/views-of-bundle.ts'

export function counted(outcomes: Record<string, string>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [label, outcome] of Object.entries(outcomes)) {
    // A report is no obligation of its own.
    if (label.split(' ')[0]?.includes('~')) continue
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  return counts
}

export function ledgerOf({ audit }: Bundle): Record<string, number> {
  const { delivered, reported, silenced, deadLettered, handedOff, pending, lost } = audit
  const all = { delivered, reported, silenced, deadLettered, handedOff, pending }
  const counts = { ...all, lost: lost.length }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
