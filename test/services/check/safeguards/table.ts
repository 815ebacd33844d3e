/** The table of safeguards: exact counts, so that a change of them is read in a review. */

import type { Act } from '../../../../services/check/acts.ts'
import { BOUND_FLAGS, type Bounds } from '../../../../services/check/explore/bounds.ts'
import { boundsOf, type Safeguard, type Scene } from './safeguard.ts'

export interface Row {
  safeguard: Safeguard
  /** States of the whole search with the safeguard, and those in which a bound cut it off. */
  states: number
  cutOff: number
  /** States until it was missed, and the steps of the way there. */
  seen: number
  steps: number
}

const HEAD = `# Safeguards, and what is lost without each

Each is taken out alone, and the search is asked for the shortest way to what is broken then.
\`safeguards.test.ts\` demands that nothing is broken with it, and that the way found without it
breaks nothing when it is taken again with it. This page is written by
\`npx vitest run test/services/check/safeguards -u\`; read its diff.

- *states* are all that there are within the bounds, with the safeguard; *cut* of them lead to
  something that a bound left out.
- *until missed*: states known when the search, breadth first, came to the violation without it.
- *steps* are those of the shortest way, with what happened before the first letter of interest.
- *given* holds in both searches: another safeguard that would have stood in is out, or something
  comes about that would have taken many steps to.

| safeguard | where | given | scene | bounds | states | cut | breaks | until missed | steps |
|---|---|---|---|---|---:|---:|---|---:|---:|
`

/** What was taken out and not missed. */
const TAIL = `
What the search cannot miss, or did not:

- *versions of actors*: a step is atomic in memory, so no two workers meet; see \`port.test.ts\`.
- *cache bypass after a refusal*: without it an entry is delivered as well, once its belief is old.
- *barred keys travel*: a withdrawal bars the key where it was offered, so the copy is not needed.
- *answers again, and refusals of what makes no sense, to a move*: without them it asks for ever, by
  its timer; how often a timer rings is a bound, so such states count as unknown.
- *the expiry, and limits of transfers*: likewise a matter of time, which a search has not.
- *redirection history and limit*: alternates are resolved within one step, which would not end.
`

export const page = (rows: readonly Row[]): string => `${HEAD}${rows.map(line).join('\n')}\n${TAIL}`

const number = (value: number): string => value.toLocaleString('en-US')

function line({ safeguard, states, cutOff, seen, steps }: Row): string {
  const { name, at, given, scene, breaks } = safeguard
  const words = [name, `\`${at}\``, given?.words ?? '', sceneText(scene), boundsText(safeguard)]
  const cells = [...words, number(states), number(cutOff), breaks, number(seen), number(steps)]
  return `| ${cells.join(' | ')} |`
}

function boundsText(safeguard: Safeguard): string {
  const bounds = Object.entries(boundsOf(safeguard)) as [keyof Bounds, number][]
  const asked = bounds.filter(([name, most]) => most > 0 && !PEOPLE.has(name))
  return asked.map(([name, most]) => `${BOUND_FLAGS[name]} ${most}`).join(', ')
}

/** What people may do stands in the scene. */
const PEOPLE: ReadonlySet<keyof Bounds> = new Set(['moves', 'cancels'])

function sceneText({ profile, servers, before = [], acts, faults = [] }: Scene): string {
  const first = before.flatMap((one) => ('act' in one ? actText(one.act) : []))
  const parts = [
    ...(profile ? [profile] : []),
    ...(servers ? [`${servers.length} servers`] : []),
    ...(first.length > 0 ? [`before: ${first.join(', ')}`] : []),
    acts.map(actText).join(', '),
    ...faults.map(({ name }) => `fault: ${name}`),
  ]
  return parts.join('; ')
}

function actText(act: Act): string {
  if (act.do === 'send') {
    const to = act.to.length > 1 ? `${act.to.length} recipients` : act.to[0]
    return `${act.as} at ${act.server} to ${to}`
  }
  if (act.do === 'move') return `move ${act.mailbox} to ${act.to}`
  if (act.do === 'cancel') return 'cancel it'
  if (act.do === 'remove') return `${act.mailbox} deletes ${act.message}`
  if (act.do === 'release') return `let ${act.move} go on`
  if (act.do === 'go on') return `go on with the edit of ${act.mailbox}`
  return act.do === 'put' ? `write ${act.mailbox.alias}` : `delete ${act.mailbox}`
}
