/** A replica under every order of writes and announcements, and D1 to D3. */
import { directory } from '../../../machines/directory.ts'
import { type Catalogue, variantsIn, yesNo } from '../catalogue.ts'
import type { Edge, Place, World } from '../walk.ts'
import { armedAfter, keeps, sends } from '../witness.ts'

interface Witness {
  armed: string[]
  /** An announced write has not taken effect yet. */
  pending: boolean
}

const newer = yesNo('newer')

export const events: Catalogue<'directory'> = {
  'entry.written': { newer },
  'commit.requested': { newer },
  'publish.requested': { newer },
  'entry.announced': { newer, now: yesNo('now') },
  'replication.due': { newer },
}

export const worlds: World<Witness>[] = [
  {
    kind: 'directory',
    setting: {},
    machine: directory,
    witness: { armed: [], pending: false },
    variants: ({ context }, witness) => variantsIn(events, context, witness),
    observe: ({ witness, event, asks }) => ({
      armed: armedAfter(witness.armed, event, asks),
      pending:
        (witness.pending || keeps(asks, 'pending')) &&
        !asks.some((ask) => 'drop' in ask && ask.drop === 'pending'),
    }),
    within: () => true,
  },
]

export const places = {
  'D2. A pending write has its replication timer armed': ({ witness }: Place<Witness>) =>
    !witness.pending || witness.armed.includes('replication'),
}

export const edges = {
  'D1. The version never goes back': ({ variant, asks }: Edge<Witness>) =>
    !keeps(asks, 'entry') || variant.event.newer === true,
  'D1. A newer write is taken, or waits for its delay': ({ variant, asks }: Edge<Witness>) =>
    variant.event.newer === false || keeps(asks, 'entry') || keeps(asks, 'pending'),
  "D3. A move's request is granted in every state": ({ variant, asks }: Edge<Witness>) =>
    sends(asks, 'request.granted') ===
    (['commit.requested', 'publish.requested'].includes(variant.event.type) ? 1 : 0),
}
