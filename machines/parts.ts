/**
 * The machines as one profile runs them: the same machines, with the parts that its figures and
 * defects replace.
 */
import type { AnyStateMachine } from 'xstate'
import { type Parts, partsWith } from './defects.ts'
import { directory } from './directory.ts'
import { mailbox } from './mailbox.ts'
import { message } from './message.ts'
import { move } from './move.ts'
import type { Profile } from './profile.ts'
import type { Kind } from './protocol.ts'
import { recipient } from './recipient.ts'
import { slot } from './result.ts'
import { transfersMax } from './retry.ts'

export interface Running extends Parts {
  machines: Record<Kind, AnyStateMachine>
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

export function partsOfProfile(profile: Profile): Running {
  const known = running.get(profile)
  if (known) return known
  const max = transfersMax(profile)
  const made: Running = {
    ...partsWith(profile.defects),
    machines: {
      message,
      slot,
      mailbox,
      move,
      directory,
      recipient: recipient.provide({
        guards: {
          resolvesAgain: () => profile.whenUnknown === 'resolve again',
          exhausted: ({ context }) => context.transfers >= max,
        },
      }),
    },
  }
  running.set(profile, made)
  return made
}
