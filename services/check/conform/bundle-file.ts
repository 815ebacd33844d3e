/**
 * A bundle as it was saved, or as a service gives it: checked, or refused in words.
 */
import { missingDefect } from '../../../machines/defects.ts'
import { BundleFile } from '../../api/bundle-schema.ts'
import { DataError } from '../../data-error.ts'
import type { Bundle } from '../../runtime/views-of-bundle.ts'
import { clientAt } from '../../scenario/client.ts'
import { reasonsAgainst } from '../../scenario/problems.ts'
import { jsonIn, looksLikeSchedule } from '../json-file.ts'
import { machinesDigest } from '../machines-digest.ts'

/** A file that is none at all has a reason for each of its lines; a few tell enough. */
const REASONS_MAX = 5

export async function bundleFrom(
  from: { file: string } | { site: string; url: string },
): Promise<Bundle> {
  if ('file' in from) return checkedBundle(await jsonIn(from.file), from.file)
  const { site, url } = from
  const path = `/sites/${encodeURIComponent(site)}/bundle`
  return checkedBundle(await clientAt(url).get(path), `${url}${path}`)
}

/** Throws when this is no bundle, or one that was made by other machines. */
export function checkedBundle(data: unknown, file: string): Bundle {
  if (looksLikeSchedule(data)) {
    throw new DataError(file, ['is a schedule, not a bundle: it has no journal to be judged'])
  }
  const reasons = reasonsAgainst(BundleFile, data)
  if (reasons.length > 0) {
    throw new DataError(file, ['is not a bundle', ...reasons.slice(0, REASONS_MAX)])
  }
  const bundle = data as Bundle
  const mine = machinesDigest()
  if (bundle.machines === mine) return withItsDefects(bundle, file)
  const { undeliverable } = bundle.versions
  throw new DataError(file, [
    `was made by machines ${short(bundle.machines)} (undeliverable ${undeliverable}); ` +
      `these are ${short(mine)}, and only what they made can be judged by them`,
  ])
}

/** Those of the user's own are not in it: each that it was ever run with must be here. */
function withItsDefects(bundle: Bundle, file: string): Bundle {
  const { profile, history } = bundle
  const before = history.changes.flatMap((one) => (one.what === 'profile' ? [one.before] : []))
  const missing = [profile, ...before].flatMap((one) => missingDefect(one) ?? [])
  if (missing.length > 0) throw new DataError(file, [...new Set(missing)])
  return bundle
}

const short = (digest: string): string => digest.slice(0, 12)
