/**
 * What was accepted, as the journal's submissions are held against it: a message enters once, where
 * it was accepted, with the recipients that it was accepted for.
 */
import { entryOf, kindOf, partsOf } from '../../../machines/protocol.ts'
import { CHUNK } from '../../../machines/reads.ts'
import type { Bundle, BundleStep } from '../../runtime/views-of-bundle.ts'
import { Contradiction } from './followed.ts'

export interface Submissions {
  /** Whether a message has the null sender; null when that is not known. */
  hasNullSender(message: string): boolean | null
  /** Throws a contradiction when this is a submission of what was not accepted. */
  check(step: BundleStep): void
}

export function submissionsOf({ accepted }: Bundle): Submissions {
  const byId = new Map(accepted.messages.map((message) => [message.header.id, message]))
  return {
    hasNullSender(message) {
      const known = byId.get(message)
      if (known) return known.header.originator === ''
      // A report's id has the failed entry's key behind the message's.
      return message.includes('~') ? true : null
    },
    check(step) {
      if (step.y !== 'mail.submitted') return
      const [id = '', copy] = partsOf(step.t)
      const known = byId.get(id)
      if (!known && accepted.leftOut > 0) return
      if (!known) throw refused(step, `no message ${id} was accepted`)
      if (known.server !== copy) throw refused(step, `it was accepted at ${known.server}`)
      const made = numbersIn(step)
      const first = known.recipients.slice(0, CHUNK).map(({ number }) => number)
      if (made.length === 0 || made.join() === first.join()) return
      const text = `it was accepted for recipients ${first.join(', ')}`
      throw refused(step, `${text}, and made entries for ${made.join(', ')}`)
    },
  }
}

/** Recipients that got an entry in this step, each once. */
function numbersIn({ s }: BundleStep): number[] {
  const entries = s.filter(([address]) => kindOf(address) === 'recipient')
  const numbers = entries.map(([address]) => entryOf(partsOf(address)[2] ?? '').number)
  return [...new Set(numbers)].sort((a, b) => a - b)
}

const refused = ({ t }: BundleStep, text: string) => new Contradiction(t, '', '', text)
