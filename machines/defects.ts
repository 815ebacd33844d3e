/**
 * Published defects that a profile can switch on, named by the source that describes them.
 *
 * A defect is a part that differs. It never looks at a message's circumstances and never orders an
 * outcome: what it loses follows from the part. With an empty set the machines are the ones we are
 * proud of.
 *
 * What each comes to, by the search and live: `defects.md`.
 */
import type { DirectoryEntry } from './cache.ts'
import { type Code, UNRECOGNIZED } from './codes.ts'
import { EXCHANGE } from './defects-exchange.ts'
import { OTHERS } from './defects-others.ts'
import type { Lines } from './lines.ts'
import type { Profile } from './profile.ts'
import type { Kind } from './protocol.ts'
import { storeDelay } from './retry.ts'
import type { MoveFacts } from './wire.ts'

export interface Entry {
  number: number
  branch: number
}

/** How often an entry has been offered, and whether an offer went unanswered. */
export interface Offered {
  attempts: number
  tries: number
  unanswered: boolean
}

/** The parts that a defect may replace, beside lines of machines. */
export interface Parts {
  /** Which entries of a copy share one report slot of the Result stage. */
  slotKey: (entry: Entry) => string
  /** By which key a store is offered a message, and knows it when it is offered again. */
  itemKey: (message: string, offered: Offered) => string
  /** What a store that has no such mailbox says to an offer: is it "unknown", and by which code? */
  gone: (state: unknown) => { code: Code; unknown: boolean }
  /** What a move has the directory say. */
  published: (move: MoveFacts) => DirectoryEntry
  /** An MTA reads past its cache when what it believed has been refused, or comes back to it. */
  readsPast: boolean
  /** What may not be redirected is delivered to its recipient where both are to get it. */
  deliversProhibited: boolean
  /** When the store no longer knows the mailbox, the MTA looks where it is now. */
  resolvesAgain: (figures: Pick<Profile, 'whenUnknown'>) => boolean
  /** Milliseconds from a deferral by a store to the next attempt. */
  storeDelay: (figures: Profile, attempts: number) => number
}

/** What is asked of the engine that runs the machines; they know nothing of it. */
export interface EngineParts {
  /** A job whose worker has died or hung may be taken up again so often; then it fails for good. */
  stallsMax: number
  /** Events whose jobs failed, or got lost, are brought back from the outbox. */
  sweeps: boolean
}

export interface Defect {
  id: string
  /** Of one that is not ours: which edition of its file this is. */
  version?: string
  title: string
  source: string
  /** What is published of it, and what is our inference; white space is as it comes. */
  published: string
  ours: string
  /** Which part differs. */
  differs: string
  /** Where it is mended: profiles go by this. */
  fixedIn: string
  /** What the source advises to do meanwhile. */
  workaround?: string
  /** It is no defect, but the workaround of this one as a switch of its own, beside it. */
  follows?: string
  parts?: Partial<Parts>
  engine?: EngineParts
  /** Lines of machines that differ. */
  lines?: Partial<Record<Kind, (lines: Lines) => void>>
  /** States that only these machines have, and what a machine without them takes them for. */
  states?: Partial<Record<Kind, Record<string, string>>>
}

export const SOUND: Parts = {
  slotKey: ({ number, branch }) => `${number}-${branch}`,
  itemKey: (message) => message,
  gone: () => ({ code: UNRECOGNIZED, unknown: true }),
  published: ({ record }) => record,
  readsPast: true,
  deliversProhibited: true,
  resolvesAgain: ({ whenUnknown }) => whenUnknown === 'resolve again',
  storeDelay,
}

/** Failing it for good would tell nobody, so there is no limit that is ever reached. */
const SOUND_ENGINE: EngineParts = { stallsMax: 1_000_000, sweeps: true }

const known: Record<string, Defect> = Object.fromEntries(
  [...EXCHANGE, ...OTHERS].map((defect) => [defect.id, defect]),
)

export const DEFECTS: Readonly<Record<string, Defect>> = known

/** One that is not ours (`own.ts` checks it): known from now on, and for good. */
export function addDefect(defect: Defect): void {
  known[defect.id] = defect
}

/** Which edition of those that are not ours a profile was made with, by id. */
export type Versions = Readonly<Record<string, string>>

export function versionsOf(defects: readonly string[]): Versions | null {
  const own = defects.flatMap((id) => {
    const version = DEFECTS[id]?.version
    return version === undefined ? [] : [[id, version]]
  })
  return own.length === 0 ? null : Object.fromEntries(own)
}

/** What of a profile's defects is not known here, in words; null when all of it is. */
export function missingDefect(profile: Pick<Profile, 'defects' | 'own'>): string | null {
  for (const id of profile.defects) {
    if (!Object.hasOwn(DEFECTS, id)) {
      return `the defect "${id}" is not known here: name its file, --defect FILE`
    }
    const [wanted, have] = [profile.own?.[id], DEFECTS[id]?.version]
    if (wanted === have) continue
    const editions = `${wanted ?? 'of ours'}, and here it is ${have ?? 'of ours'}`
    return `the defect "${id}" is known here in another version: it was ${editions}`
  }
  return null
}

/** Rather nothing is done than what other machines would do. */
export class MissingDefect extends Error {
  override readonly name = 'MissingDefect'
}

/** Each once and in one order, whatever order they were named in: the same set is the same. */
export const inOrder = (defects: readonly string[]): string[] =>
  Object.keys(DEFECTS).filter((id) => defects.includes(id))

export const partsWith = (defects: readonly string[]): Parts =>
  Object.assign({ ...SOUND }, ...inOrder(defects).map((id) => DEFECTS[id]?.parts))

export const engineWith = (defects: readonly string[]): EngineParts =>
  Object.assign({ ...SOUND_ENGINE }, ...inOrder(defects).map((id) => DEFECTS[id]?.engine))
