/**
 * Which cells the judge looks at together: what a step writes in one of them can only be left for
 * later when nothing else writes there meanwhile, or a broken state between the two would be
 * passed over.
 *
 * An entry is judged by its recipients in every copy, by how it ended, and by its key in the
 * mailbox that it was offered to, in every store; a failed one also by its report. Each of these
 * is a sight, and they are one as soon as the mailbox has answered the entry. A mailbox as a whole
 * is one too, which all that are linked to it look at.
 */
import { partsOf } from '../../../machines/protocol.ts'

export interface Sights {
  /** The sight of what a step writes there, and those that it only looks at; null: it has none. */
  of(cell: string, key: string | null): { written: string; looked: Iterable<string> } | null
  /** A mailbox has answered for this key. True when that made two sights one. */
  link(mailbox: string, key: string, to: string): boolean
}

const RECIPIENT = 'recipient/'
const END = 'end '
const BOX = 'box mailbox/'

export function openSights(): Sights {
  const parents = new Map<string, string>()
  const root = (sight: string): string => {
    const parent = parents.get(sight)
    return parent === undefined ? sight : root(parent)
  }
  /** By root, the mailboxes that are linked to it. */
  const mailboxes = new Map<string, Set<string>>()
  const at = (sight: string): Set<string> => {
    const known = mailboxes.get(sight) ?? new Set()
    mailboxes.set(sight, known)
    return known
  }
  return {
    of(cell, key) {
      if (cell.startsWith(BOX)) {
        const mailbox = mailboxOf(cell)
        if (key === null) return { written: mailbox, looked: [] }
        return { written: root(`${mailbox} ${key}`), looked: [mailbox] }
      }
      const entry = entryOf(cell)
      if (entry === null) return null
      return { written: root(entry), looked: at(root(entry)) }
    },
    link(mailbox, key, to) {
      const entry = entryOf(to)
      if (entry === null) return false
      const whole = mailboxOf(`box ${mailbox}`)
      const [one, other] = [root(`${whole} ${key}`), root(entry)]
      if (one === other) return false
      parents.set(one, other)
      for (const each of at(one)) at(other).add(each)
      at(other).add(whole)
      return true
    },
  }
}

const mailboxOf = (cell: string): string => `mailbox ${partsOf(cell)[1]}`

function entryOf(cell: string): string | null {
  if (cell.startsWith(RECIPIENT)) return entrySight(cell)
  if (cell.startsWith(END)) return entrySight(`end/${cell.slice(END.length)}`)
  return null
}

/** A report is judged with the entry that it reports: `letter~1` with entry 1 of the letter. */
function entrySight(address: string): string {
  const [id = '', , key = ''] = partsOf(address)
  const report = id.indexOf('~')
  return report < 0 ? `entry ${id}/${key}` : `entry ${id.slice(0, report)}/${id.slice(report + 1)}`
}
