/**
 * Which losses Q248839 explains, read from the journal and from nothing that the machines say of
 * themselves.
 *
 * An own entry is lost by the defect if and only if (a) at routing the MTA's cache gave an
 * alternate and (b) deliver-to-both was set: an entry was redirected beside it; (c) an attempt was
 * deferred; (d) when its last attempt ended, the redirected entry was discharged (delivered or
 * transferred); (e) that attempt, at the MTA that deferred it, was refused since nobody knew the
 * mailbox; (f) a failure report was owed.
 */
import type { Bundle, BundleStep } from '../runtime/views-of-bundle.ts'
import type { LedgerEntry } from '../runtime/views-of-driving.ts'

const DISCHARGED: ReadonlySet<string> = new Set(['delivered', 'transferred'])
/** In the words of the journal (machines/words.ts). */
const UNKNOWN = 'no such mailbox here'

export function explains(bundle: Bundle, { message, number, branch }: LedgerEntry): boolean {
  if (branch !== 'own') return false
  const { steps } = bundle.journal
  const own = new RegExp(`^recipient/${message}/([^/]+)/${number}$`)
  const stateOf = (step: BundleStep): { copy: string; state: string } | null => {
    for (const [address, state] of step.s) {
      const copy = own.exec(address)?.[1]
      if (copy !== undefined) return { copy, state }
    }
    return null
  }
  const end = steps.findLastIndex((step) => stateOf(step)?.state === 'failed')
  if (end < 0) return false
  const { copy } = stateOf(steps[end] as BundleStep) as { copy: string }
  const here = steps.slice(0, end + 1).filter((step) => stateOf(step)?.copy === copy)
  const deferred = here.findLastIndex((step) => stateOf(step)?.state === 'deferred')
  const refused = here.slice(deferred + 1).some(({ c }) => c.some((told) => told.includes(UNKNOWN)))
  const alternate = `recipient/${message}/${copy}/${number}r`
  return (
    DISCHARGED.has(lastState(steps.slice(0, end), alternate)) &&
    deferred >= 0 &&
    refused &&
    isOwed(bundle, message, number)
  )
}

/** None when there is no such entry. */
function lastState(steps: readonly BundleStep[], address: string): string {
  for (const { s } of [...steps].reverse()) {
    const state = s.find(([changed]) => changed === address)?.[1]
    if (state !== undefined) return state
  }
  return ''
}

function isOwed({ accepted }: Bundle, message: string, number: number): boolean {
  const found = accepted.messages.find(({ header }) => header.id === message)
  if (!found || found.header.originator === '') return false
  return found.recipients.some((entry) => entry.number === number && entry.wanted)
}
