/**
 * The machines as one profile runs them: the same machines, with the parts that its figures and
 * defects replace.
 */
import type { AnyStateMachine } from 'xstate'
import { DEFECTS, inOrder, MissingDefect, missingDefect, type Parts, partsWith } from './defects.ts'
import { directory } from './directory.ts'
import { rewritten } from './lines.ts'
import { mailbox } from './mailbox.ts'
import { message } from './message.ts'
import { move } from './move.ts'
import type { Profile } from './profile.ts'
import type { Kind } from './protocol.ts'
import { putsOffWhenFull } from './quota.ts'
import { recipient } from './recipient.ts'
import { slot } from './result.ts'
import { transfersMax } from './retry.ts'
import type { StateValue } from './wire.ts'

type Machines = Record<Kind, AnyStateMachine>

export interface Running extends Parts {
  machines: Machines
  /** The state in which a machine goes on that may not have the one that was stored. */
  known: (kind: Kind, state: StateValue) => StateValue
}

const running = new WeakMap<Profile, Running>()

/** The profile, run with some parts of it replaced: so a safeguard can be taken out and missed. */
export function withParts(
  profile: Profile,
  replace: (parts: Running) => Partial<Running>,
): Profile {
  const sound = partsOfProfile(profile)
  const other = { ...profile }
  running.set(other, { ...sound, ...replace(sound) })
  return other
}

/** Throws `MissingDefect` for a profile with a defect of the user's own that is not here. */
export function partsOfProfile(profile: Profile): Running {
  const known = running.get(profile)
  if (known) return known
  const missing = missingDefect(profile)
  if (missing !== null) throw new MissingDefect(missing)
  const max = transfersMax(profile)
  const machines = machinesWith(profile.defects)
  const parts = partsWith(profile.defects)
  const resolvesAgain = parts.resolvesAgain(profile)
  const made: Running = {
    ...parts,
    known: statesWithout(profile.defects),
    machines: {
      ...machines,
      ...(putsOffWhenFull(profile) ? { mailbox: patient(machines.mailbox) } : {}),
      recipient: machines.recipient.provide({
        guards: {
          resolvesAgain: () => resolvesAgain,
          exhausted: ({ context }: { context: { transfers: number } }) => context.transfers >= max,
        },
      }),
    },
  }
  running.set(profile, made)
  return made
}

/** A store that has mail wait for room. */
const patient = (machine: AnyStateMachine): AnyStateMachine =>
  machine.provide({ guards: { putsOffWhenFull: () => true } })

export const SOUND_MACHINES: Readonly<Machines> = {
  message,
  slot,
  mailbox,
  move,
  directory,
  recipient,
}

/**
 * By the set of defects that is on: what a machine did is remembered with it, so it is made once.
 */
const machinesOf = new Map<string, Machines>()

function machinesWith(switchedOn: readonly string[]): Machines {
  const defects = inOrder(switchedOn)
  const key = defects.join(' ')
  const known = machinesOf.get(key)
  if (known) return known
  const machines = { ...SOUND_MACHINES }
  for (const id of defects) {
    for (const [kind, change] of Object.entries(DEFECTS[id]?.lines ?? {})) {
      machines[kind as Kind] = rewritten(machines[kind as Kind], change)
    }
  }
  machinesOf.set(key, machines)
  return machines
}

/** A defect may be switched off while a machine is in a state that only it has. */
function statesWithout(defects: readonly string[]): Running['known'] {
  const taken = new Map<string, Map<string, string>>()
  for (const { id, states = {} } of Object.values(DEFECTS)) {
    if (defects.includes(id)) continue
    for (const [kind, own] of Object.entries(states)) {
      taken.set(kind, new Map([...(taken.get(kind) ?? []), ...Object.entries(own)]))
    }
  }
  return (kind, state) =>
    typeof state === 'string' ? (taken.get(kind)?.get(state) ?? state) : state
}
