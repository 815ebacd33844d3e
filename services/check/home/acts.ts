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
function made({ steps, aliases }: Journey, mailbox: string, step: BundleStep): Act | null {
  const written = steps
    .slice(steps.indexOf(step))
    .find(({ y, e }) => y === 'entry.written' && e?.record?.mailbox === mailbox)?.e
  if (!written?.record) return null
  aliases.set(mailbox, written.record.alias)
  return { do: 'put', mailbox: factsOf(written.record), now: written.now === true }
}

function written({ rehearsal }: Journey, record: DirectoryEntry, now: boolean): Act {
  const { alias } = record
  const { cells, site } = rehearsal
  if (goesOn(rehearsal.cells, alias)) return { do: 'go on', mailbox: alias }
  if (record.deleted) return { do: 'delete', mailbox: alias }
  const old = newestEntry(cells, site, alias)
  const isRaw = old !== undefined && !old.deleted && !old.list && old.home !== record.home
  const put = { do: 'put', mailbox: factsOf(record), now } as const
  return isRaw ? { ...put, raw: true } : put
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
