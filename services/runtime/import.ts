/**
 * Many mailboxes at once: all of them are checked before the first is written, so what is wrong in
 * a list changes nothing.
 *
 * What only shows while they are written (a mailbox that is being moved, a queue that stands still)
 * is told of each by name, and the others are written all the same; a list that comes again goes on
 * where it was, since an entry that is as it should be is not written.
 */
import type { DirectoryEntry } from '../../machines/cache.ts'
import { Problem, problem } from '../errors.ts'
import { checkTogether } from './checked.ts'
import { allEntries } from './directory-read.ts'
import { type Live, runnableSite } from './live-parts.ts'
import { checkAddresses, writeEntry } from './mailboxes.ts'
import type { ImportView, MailboxSpec } from './views-of-mail.ts'

/** Each waits for its two or three events most of the time. */
const AT_A_TIME = 32

export async function importMailboxes(
  live: Live,
  site: string,
  specs: MailboxSpec[],
): Promise<ImportView> {
  const settings = await runnableSite(live, site)
  const entries = await allEntries(live.client, settings)
  const known = (alias: string) => entries.has(alias) && !entries.get(alias)?.deleted
  checkTogether(settings, specs, [], known)
  for (const spec of specs) {
    checkHome(spec, entries.get(spec.alias))
    await checkAddresses(live, settings, spec, known)
  }
  const view: ImportView = { created: 0, changed: 0, unchanged: 0, refused: [] }
  const write = async (spec: MailboxSpec): Promise<void> => {
    const old = entries.get(spec.alias)
    if (old && isSame(old, spec)) {
      view.unchanged += 1
      return
    }
    try {
      const created = await writeEntry(live, settings, spec, old)
      view[created ? 'created' : 'changed'] += 1
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      view.refused.push({ alias: spec.alias, code: error.code, detail: error.detail })
    }
  }
  // Mail may come meanwhile: an alternate is there before whoever has it.
  await inTurn(
    specs.filter(({ alternateRecipient }) => !alternateRecipient),
    write,
  )
  await inTurn(
    specs.filter(({ alternateRecipient }) => alternateRecipient),
    write,
  )
  return view
}

/** The server of a mailbox is changed by a move. */
function checkHome({ alias, server }: MailboxSpec, old: DirectoryEntry | undefined): void {
  if (old?.list && !old.deleted) {
    throw problem('list-exists', `"${alias}" is the alias of a distribution list.`)
  }
  if (!old || old.deleted || old.home === server) return
  const how = 'Move it: POST /sites/:site/moves.'
  throw problem('mailbox-exists', `The mailbox ${alias} is on ${old.home}. ${how}`)
}

function isSame(old: DirectoryEntry, spec: MailboxSpec): boolean {
  if (old.deleted) return false
  const { alternateRecipient = null, deliverToBoth = false, addresses = [] } = spec
  const same = old.alternate === alternateRecipient && old.both === deliverToBoth
  return same && `${old.addresses}` === `${addresses}`
}

async function inTurn<T>(list: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = list[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const one of left) await work(one)
  }
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, list.length) }, worker))
}
