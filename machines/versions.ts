/**
 * Versions of stored snapshots: what an older service wrote is brought up to date when it is read,
 * and what a newer one wrote is refused in words.
 *
 * A snapshot carries the version of its machine; one without is of the first, so the first costs no
 * bytes. Whoever changes the states or the context of a machine in such a way that an old snapshot
 * would mean something else adds a migration to the end of its list, which is what makes a new
 * version, and keeps the golden file of the version before (test/machines/golden).
 *
 * While services are exchanged one by one, an old worker meets snapshots of new ones. It must not
 * touch them: its event is put off until a worker that understands it takes it.
 */
import type { Kind } from './protocol.ts'
import type { Stored } from './wire.ts'

/** From each version to the next, the first one first. Pure, and never of a snapshot's `v`. */
export type Migrations = readonly ((old: Stored) => Stored)[]

export const MIGRATIONS: Record<Kind, Migrations> = {
  // 2: what is owed to the originator is gathered; a service that does not know it would keep it.
  // 3: it may be held until a date; a service that does not know it would not know the state.
  message: [(old) => old, (old) => old],
  // 2: it may be a list that was expanded, a state that a service without lists would not know.
  recipient: [(old) => old],
  slot: [],
  mailbox: [],
  move: [],
  directory: [],
}

/** Written by a newer service than this one. */
export class NewerSnapshot extends Error {
  override readonly name = 'NewerSnapshot'
}

export const versionOf = (kind: Kind, all = MIGRATIONS): number => all[kind].length + 1

/** The snapshot with the version of the machine that wrote it. */
export function stamped(kind: Kind, stored: Stored, all = MIGRATIONS): Stored {
  const m = versionOf(kind, all)
  if (m === 1) return stored
  const { v, s, c, a } = stored
  return { v, s, c, a, m }
}

/** The snapshot as this service's machine knows it. Throws `NewerSnapshot`, or what is wrong. */
export function upToDate(kind: Kind, stored: Stored, all = MIGRATIONS): Stored {
  const written = stored.m ?? 1
  const known = versionOf(kind, all)
  if (written === known) return stored
  if (!Number.isInteger(written) || written < 1) {
    throw new Error(`a ${kind} is stored in version ${written}, which there never was`)
  }
  if (written > known) {
    const words = `a ${kind} is stored in version ${written}, and this service knows ${known}`
    throw new NewerSnapshot(`${words}: a newer one must take it`)
  }
  const migrated = all[kind].slice(written - 1).reduce((old, migrate) => migrate(old), stored)
  return { ...migrated, v: stored.v, m: known }
}
