/**
 * From an event that somebody outside sent to what that person did.
 */
import type { DirectoryEntry } from '../../../machines/cache.ts'
import { partsOf } from '../../../machines/protocol.ts'
import type { MailboxFacts } from '../../../machines/site.ts'
import type { BundleStep } from '../../runtime/views-of-bundle.ts'
import type { Act } from '../acts.ts'
import { goesOn, newestEntry } from '../edits.ts'
import type { Journey } from './journey.ts'

/** Null when the journal does not have enough of it. */
export function actFor(journey: Journey, step: BundleStep, to: string): Act | null {
  const asked = step.e ?? {}
  const [first = '', second = ''] = partsOf(to)
  switch (step.y) {
    case 'move.requested': {
      if (!asked.move) return null
      const { alias, target } = asked.move
      const holds = asked.holdAt ? { holdAt: asked.holdAt } : {}
      return { do: 'move', id: first, mailbox: alias, to: target, ...holds }
    }
    case 'move.released':
      return { do: 'release', move: first, holdAt: asked.holdAt ?? null }
    case 'move.cancelled':
      return { do: 'cancel', move: first }
    case 'item.deleted': {
      const alias = journey.aliases.get(second)
      if (alias === undefined || asked.item === undefined) return null
      return { do: 'remove', mailbox: alias, message: journey.told(asked.item) }
    }
    case 'mailbox.created':
    case 'mailbox.limited':
      return made(journey, second, step)
    case 'mailbox.deleted': {
      const alias = journey.aliases.get(second)
      return alias === undefined ? null : { do: 'go on', mailbox: alias }
    }
    case 'entry.written':
      return asked.record ? written(journey, asked.record, asked.now === true) : null
    default:
      return null
  }
}

/** A store is told of a mailbox; its entry, which comes later, says what it is. */
function made(journey: Journey, mailbox: string, step: BundleStep): Act | null {
  const { steps, aliases } = journey
  const written = steps
    .slice(steps.indexOf(step))
    .find(({ y, e }) => y === 'entry.written' && e?.record?.mailbox === mailbox)?.e
  if (!written?.record) return null
  aliases.set(mailbox, written.record.alias)
  return put(journey, written.record, written.now === true)
}

function written(journey: Journey, record: DirectoryEntry, now: boolean): Act {
  const { alias } = record
  if (goesOn(journey.rehearsal.cells, alias)) return { do: 'go on', mailbox: alias }
  if (record.deleted) return { do: 'delete', mailbox: alias }
  return put(journey, record, now)
}

/** In raw mode another server is named, and what is made again is what was there. */
function put({ rehearsal }: Journey, record: DirectoryEntry, now: boolean): Act {
  const old = newestEntry(rehearsal.cells, rehearsal.site, record.alias)
  const sameAgain = old?.mailbox === record.mailbox && old.home !== record.home
  const act = { do: 'put', mailbox: factsOf(record), now } as const
  return sameAgain && !old.list ? { ...act, raw: true } : act
}

const factsOf = ({
  alias,
  home,
  addresses,
  alternate,
  both,
  list,
  limit,
}: DirectoryEntry): MailboxFacts => ({
  alias,
  server: home,
  ...(addresses.length > 0 ? { addresses } : {}),
  ...(list ? { list } : { alternateRecipient: alternate, deliverToBoth: both }),
  ...(limit === undefined ? {} : { storageLimit: limit }),
})
