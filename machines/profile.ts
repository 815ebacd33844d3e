/**
 * A profile is data: what one generation of mail system does, and the published bugs that it has.
 *
 * Every figure cites its article, or is marked as ours. Durations are milliseconds.
 */
import { DEFECTS, inOrder, type Versions, versionsOf } from './defects.ts'

export type Priority = 'urgent' | 'normal' | 'non-urgent'

export interface Profile {
  name: string
  defects: string[]
  /** Of defects that are not ours: with which edition of each it was made. */
  own?: Versions
  /** What an MTA does when the store no longer knows the mailbox that its cache named. */
  whenUnknown: 'report' | 'resolve again'
  /** Whom no mailbox of the site has: accepted and then reported, or refused at the door (RCPT). */
  unknownRecipients: 'report' | 'refuse'
  /** What a store says of mail when the mailbox holds as much as it may: `quota.ts`. */
  whenFull: 'refuse' | 'defer'
  /** How long a message may be under way, by priority. */
  expiryMs: Record<Priority, number>
  /** How long an entry is deferred before whoever asked is told of the delay. */
  delayNoticeMs: number
  /** Between attempts towards a mailbox store that deferred; at first, where it grows. */
  storeRetryMs: number
  /** What it grows to, twice as long each time; it stays as it is where this is not more. */
  storeRetryMostMs: number
  /** Towards another MTA: over an open connection, how often; then between openings, how often. */
  transferRetryMs: number
  transferRetries: number
  openRetryMs: number
  openRetries: number
  /** How long an MTA believes a directory entry, and an alternate recipient. */
  entryLatencyMs: number
  alternateLatencyMs: number
  /** Until a write reaches the first other replica, and each further one. */
  replicationMs: number
  replicationStepMs: number
  /** MTAs that a message may pass before it counts as looping. */
  hopLimit: number
  /** Redirections that one recipient may go through. */
  redirectionLimit: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

const exchange55: Omit<Profile, 'name' | 'defects'> = {
  whenUnknown: 'report', // Q172364: the originator gets a report that the name was not found
  unknownRecipients: 'report', // ours: 5.5's own connector accepts, and reports (Q198810)
  whenFull: 'refuse', // Q182557, Q232391: users who are over their limit get a report
  expiryMs: { urgent: 2 * DAY, normal: 7 * DAY, 'non-urgent': 10 * DAY }, // Q178539
  delayNoticeMs: 4 * 60 * MINUTE, // Exchange 2016, delay DSN; 5.5 has none that is published
  storeRetryMs: 10 * MINUTE, // ours: no interval towards the private store is published
  storeRetryMostMs: 0,
  transferRetryMs: 2 * MINUTE, // Q157630, transfer interval
  transferRetries: 2, // Q157630
  openRetryMs: 10 * MINUTE, // Q157630, open interval
  openRetries: 144, // Q157630
  entryLatencyMs: 60 * SECOND, // Q172364, Q178534
  alternateLatencyMs: 10 * MINUTE, // Q176647
  replicationMs: 5 * MINUTE, // Q137203
  replicationStepMs: 30 * SECOND, // Q137203
  hopLimit: 512, // Q160534
  redirectionLimit: 512, // X.411, ub-redirections
}

/** Exchange 2016's figures, as the documentation of message intervals has them. */
const modern: Omit<Profile, 'name' | 'defects'> = {
  ...exchange55,
  whenUnknown: 'resolve again', // ours
  expiryMs: { urgent: 2 * DAY, normal: 2 * DAY, 'non-urgent': 2 * DAY },
  storeRetryMs: 5 * MINUTE, // mailbox delivery queue
}

/** postconf(5): the defaults of Postfix 3.7. */
const postfix: Omit<Profile, 'name' | 'defects'> = {
  ...exchange55,
  unknownRecipients: 'refuse', // unknown_local_recipient_reject_code = 550
  expiryMs: { urgent: 5 * DAY, normal: 5 * DAY, 'non-urgent': 5 * DAY }, // maximal_queue_lifetime
  storeRetryMs: 300 * SECOND, // minimal_backoff_time; qmgr(8): twice as long each time
  storeRetryMostMs: 4000 * SECOND, // maximal_backoff_time
  transferRetryMs: 300 * SECOND, // minimal_backoff_time
  transferRetries: 3, // ours: three short pauses stand for the doubling
  openRetryMs: 4000 * SECOND, // maximal_backoff_time
  openRetries: 88, // ours: so many cycles make five days
  entryLatencyMs: 0, // ours: a map is asked each time
  alternateLatencyMs: 0, // ours: so are virtual aliases and recipient_bcc_maps
  hopLimit: 50, // hopcount_limit
}

type Preset = [name: string, figures: Omit<Profile, 'name' | 'defects'>, defects: string[]]

/** With what was broken in each, by the articles' lines on where it was fixed: `defects.md`. */
const PRESETS: Preset[] = [
  ['exchange-5.5-rtm', exchange55, ['Q248839', 'Q181579']],
  ['exchange-5.5-sp1', exchange55, ['Q248839']],
  ['exchange-5.5-sp2', exchange55, ['Q248839']],
  ['exchange-5.5-sp3', exchange55, ['Q248839', 'Q247255']],
  ['exchange-5.5-sp4', exchange55, []],
  ['exchange-2010-sp1', modern, ['KB2579150']],
  ['modern', modern, []],
  ['postfix', postfix, ['RFC1047']],
  // Cyrus IMAP behind Postfix: lmtpengine.c answers 451 4.2.1 for a mailbox that is moving, and
  // 550 5.1.1 for one that is not there, "might have been moved to other server".
  // imapd.conf(5): lmtp_over_quota_perm_failure is off, so LMTP answers 452 4.2.2.
  ['cyrus', { ...postfix, whenFull: 'defer' }, ['RFC1047']],
]

export const PROFILES: Record<string, Profile> = Object.fromEntries(
  PRESETS.map(([name, figures, defects]) => [name, { name, defects, ...figures }]),
)

export const DEFAULT_PROFILE = 'exchange-5.5-sp3'

/**
 * The name of a preset; with defects behind it (`exchange-5.5-sp4+Q277911+RFC1047`), it with these
 * switched on too; or an object that extends a preset and overrides any of its figures.
 */
export type ProfileSpec = string | ({ extends: string } & Partial<Omit<Profile, 'name' | 'own'>>)

/** What is wrong with a profile that a user wrote, or the profile. */
export type Checked = { profile: Profile } | { wrong: string; defect?: string; preset?: string }

export function checkProfile(spec: ProfileSpec): Checked {
  const named = profileNamed(typeof spec === 'string' ? spec : spec.extends)
  if (typeof spec === 'string' || 'wrong' in named) return named
  const base = named.profile
  const { extends: _, ...given } = spec
  const wrong = Object.entries(given).flatMap(([key, value]) => wrongWith(base, key, value))[0]
  if (wrong) return wrong
  const expiryMs = { ...base.expiryMs, ...given.expiryMs }
  return { profile: dated({ ...base, ...given, expiryMs, name: `${spec.extends}+` } as Profile) }
}

/** With the editions of the defects that are not ours. */
function dated({ own: _, ...profile }: Profile): Profile {
  const own = versionsOf(profile.defects)
  return own === null ? profile : { ...profile, own }
}

const PROFILE_NAME = /^[a-z0-9][a-z0-9.-]{0,62}$/

/** A profile of the user's own, under a name that is known from now on as those of presets are. */
export function addProfile(name: string, spec: Exclude<ProfileSpec, string>): Checked {
  if (!PROFILE_NAME.test(name)) return { wrong: `a profile is not named "${name}"` }
  const checked = checkProfile(spec)
  if ('wrong' in checked) return checked
  const profile = { ...checked.profile, name }
  const there = Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined
  const same = there !== undefined && isOwnProfile(name) && isSame(there, profile)
  if (there && !same) return { wrong: `there is a profile "${name}" already` }
  PROFILES[name] = there ?? profile
  return { profile: PROFILES[name] }
}

const isSame = (one: Profile, other: Profile): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** All of its figures, for whoever does not know its name: it matters no more what they extend. */
export function specOf(
  { name: _, own: __, ...figures }: Profile,
  base = DEFAULT_PROFILE,
): Exclude<ProfileSpec, string> {
  return { extends: base, ...figures }
}

/** With or without defects behind a `+`: it is none of the presets. */
export const isOwnProfile = (name: string): boolean =>
  !PRESETS.some(([preset]) => preset === name.split('+')[0])

/** One and the same object for one set of defects: as many as there are sets, at most. */
const switched = new Map<string, Profile>()

function profileNamed(spec: string): Checked {
  // What a client sends as a name may be anything.
  const [preset = '', ...added] = `${spec}`.split('+')
  const base = Object.hasOwn(PROFILES, preset) ? PROFILES[preset] : undefined
  if (!base) return { preset, wrong: `there is no profile "${preset}"` }
  const [wrong] = wrongWith(base, 'defects', added)
  if (wrong) return wrong
  const more = inOrder(added).filter((id) => !base.defects.includes(id))
  if (more.length === 0) return { profile: base }
  const name = [preset, ...more].join('+')
  const made = () => dated({ ...base, name, defects: [...base.defects, ...more] })
  const profile = switched.get(name) ?? made()
  switched.set(name, profile)
  return { profile }
}

/** What of a profile's name means nothing, and what there is; null where all of it does. */
export function wrongName(spec: string): { what: string; name: string; known: string } | null {
  const checked = profileNamed(spec)
  if (!('wrong' in checked)) return null
  const { defect, preset = spec } = checked
  return defect === undefined
    ? { what: 'profile', name: preset, known: Object.keys(PROFILES).join(', ') }
    : { what: 'defect', name: defect, known: Object.keys(DEFECTS).join(', ') }
}

/** The members that are words. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  whenUnknown: ['report', 'resolve again'],
  unknownRecipients: ['report', 'refuse'],
  whenFull: ['refuse', 'defer'],
}

function wrongWith(
  base: Profile,
  key: string,
  value: unknown,
): { wrong: string; defect?: string }[] {
  if (key === 'defects') {
    if (!Array.isArray(value)) return [{ wrong: 'defects is a list of names' }]
    const defect = value.find((id) => !Object.hasOwn(DEFECTS, String(id)))
    return defect === undefined ? [] : [{ defect, wrong: `there is no defect "${defect}"` }]
  }
  const words = Object.hasOwn(CHOICES, key) ? CHOICES[key] : undefined
  if (words) {
    const choices = words.map((word) => `"${word}"`).join(' or ')
    return words.includes(String(value)) ? [] : [{ wrong: `${key} is ${choices}` }]
  }
  if (key === 'expiryMs') {
    const known = Object.keys(base.expiryMs)
    const ok =
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).every(([k, v]) => known.includes(k) && isDuration(v))
    return ok ? [] : [{ wrong: `expiryMs gives milliseconds for ${known.join(', ')}` }]
  }
  if (key === 'name' || !Object.hasOwn(base, key)) return [{ wrong: `a profile has no "${key}"` }]
  return isDuration(value) ? [] : [{ wrong: `${key} is a whole number, 0 or more` }]
}

/** The largest figure: 45 days is the most that a message timeout may be (Q178539). */
export const FIGURE_MAX = 45 * DAY
const isDuration = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= FIGURE_MAX
