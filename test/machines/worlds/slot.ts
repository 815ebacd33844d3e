/** The report slot of one entry, of two and of three, and S1 to S3. */
import { type SlotContext, slot } from '../../../machines/result.ts'
import { type Catalogue, variantsIn } from '../catalogue.ts'
import type { Edge, Place, Variant, World } from '../walk.ts'
import { sends } from '../witness.ts'

type Witness = null

const branchesOf = (size: number) =>
  Object.fromEntries(Array.from({ length: size }, (_, branch) => [`branch ${branch}`, branch]))

export const eventsOf = (size: number): Catalogue<'slot', SlotContext> => {
  const fields = { branch: branchesOf(size), size: { [`of ${size}`]: size } }
  return {
    'entry.discharged': fields,
    'entry.deferred': fields,
    'entry.failed': fields,
    'entry.expired': fields,
  }
}
export const events = eventsOf(1)

const slotOf = (context: object): SlotContext => context as SlotContext

/** An entry speaks until it has ended (R2 of the recipient): no event after its last one. */
const speaks = ({ standing }: SlotContext, branch: unknown): boolean =>
  !['discharged', 'failed'].includes(standing[branch as number] ?? '')

/**
 * Variants by how the entry itself and the others stood: which branch it is makes no difference.
 */
const relative = ({ standing }: SlotContext, size: number, { event }: Variant): Variant => {
  const stands = (branch: number) => standing[branch] ?? 'queued'
  const others = Array.from({ length: size }, (_, branch) => branch)
    .filter((branch) => branch !== event.branch)
    .map((branch) => `other ${stands(branch)}`)
  const itself = `was ${stands(event.branch as number)}`
  return { event, labels: { itself, others: others.join(' and ') || 'alone' } }
}

export const world = (size: number): World<Witness> => ({
  kind: 'slot',
  setting: { entries: size === 1 ? 'one entry' : `${size} entries` },
  machine: slot,
  witness: null,
  variants: ({ context }) =>
    variantsIn(eventsOf(size), context, null)
      .filter(({ event }) => speaks(slotOf(context), event.branch))
      .map((variant) => relative(slotOf(context), size, variant)),
  words: ({ absorbed }) => ({ absorbed }),
  observe: () => null,
  within: () => true,
})

export const worlds = [world(1), world(2)]

const sizeOf = ({ world }: Place<Witness>) => world.setting.entries

export const places = {
  'S2. `noReport` is reached only in a slot of two entries or more': (at: Place<Witness>) =>
    at.state !== 'noReport' || sizeOf(at) !== 'one entry',
  'S2. In `noReport` one entry is discharged or more': (at: Place<Witness>) =>
    at.state !== 'noReport' ||
    Object.values(slotOf(at.situation.context).standing).includes('discharged'),
}

export const edges = {
  'S1. A failure in `open` or `perRecipient` asks for exactly one decision': ({
    from,
    variant,
    asks,
  }: Edge<Witness>) =>
    variant.event.type !== 'entry.failed' ||
    sends(asks, 'report.owed') === (from.state === 'noReport' ? 0 : 1),
  'S3. An expiry always asks': ({ variant, asks }: Edge<Witness>) =>
    variant.event.type !== 'entry.expired' || sends(asks, 'report.owed') === 1,
  'S1. Nothing else asks for a decision': ({ variant, asks }: Edge<Witness>) =>
    ['entry.failed', 'entry.expired'].includes(variant.event.type) ||
    sends(asks, 'report.owed') === 0,
  'A failure that asks for no decision is counted as absorbed': ({ from, to, variant }) =>
    slotOf(to.situation.context).absorbed - slotOf(from.situation.context).absorbed ===
    (variant.event.type === 'entry.failed' && from.state === 'noReport' ? 1 : 0),
} satisfies Record<string, (edge: Edge<Witness>) => boolean>
