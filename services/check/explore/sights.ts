/**
 * Which cells the judge looks at together: what a step writes in one of them can only be left for
 * later when nothing else writes there meanwhile, or a broken state between the two would be
 * passed over.
 *
 * An entry is judged by its recipients in every copy, how it ended, and the mailbox that it was
 * offered to in every store; a failed one also by its report. So each belongs to a sight, and
 * sights are one as soon as a mailbox has answered an entry.
 */
import { partsOf } from '../../../machines/protocol.ts'

export interface Sights {
  /** The sight that a cell belongs to, or null. */
  of(cell: string): string | null
  /** A mailbox has sent something to a recipient. True when that made two sights one. */
  link(from: string, to: string): boolean
}

const RECIPIENT = 'actor recipient/'
const END = 'end '
const BOX = 'box mailbox/'

export function openSights(): Sights {
  const parents = new Map<string, string>()
  const root = (sight: string): string => {
    const parent = parents.get(sight)
    return parent === undefined ? sight : root(parent)
  }
  return {
    of(cell) {
      const sight = plainSight(cell)
      return sight === null ? null : root(sight)
    },
    link(from, to) {
      const box = plainSight(`box ${from}`)
      const entry = plainSight(`actor ${to}`)
      if (box === null || entry === null) return false
      const [one, other] = [root(box), root(entry)]
      if (one === other) return false
      parents.set(one, other)
      return true
    },
  }
}

function plainSight(cell: string): string | null {
  if (cell.startsWith(BOX)) return `mailbox ${partsOf(cell)[1]}`
  if (cell.startsWith(RECIPIENT)) return entrySight(cell.slice('actor '.length))
  if (cell.startsWith(END)) return entrySight(`end/${cell.slice(END.length)}`)
  return null
}

/** A report is judged with the entry that it reports: `letter~1` with entry 1 of the letter. */
function entrySight(address: string): string {
  const [id = '', , key = ''] = partsOf(address)
  const report = id.indexOf('~')
  return report < 0 ? `entry ${id}/${key}` : `entry ${id.slice(0, report)}/${id.slice(report + 1)}`
}
