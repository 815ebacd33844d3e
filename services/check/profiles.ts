/**
 * Under which profile a step of a bundle's journal was taken: that which the site has now, or one
 * that it had before its profile was changed.
 */
import type { Profile } from '../../machines/profile.ts'
import type { SiteChange } from '../runtime/history.ts'
import { compareIds } from '../runtime/journal.ts'
import type { Bundle, BundleStep } from '../runtime/views-of-bundle.ts'

/** The change was made before the step was committed. */
export function isAfter({ after }: SiteChange, { p }: BundleStep): boolean {
  const [shard = '0', id = ''] = p.split(':')
  return compareIds(id, after[Number(shard)] ?? '0-0') > 0
}

export function profileAt({ history, profile }: Bundle, step: BundleStep): Profile {
  for (const change of history.changes) {
    if (change.what === 'profile' && !isAfter(change, step)) return change.before
  }
  return profile
}
