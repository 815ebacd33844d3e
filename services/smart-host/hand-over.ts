/**
 * Handing over: an offer to the mailbox `outside` is made to the smart host instead, and the answer
 * goes the way of a store's: accepted, deferred, refused.
 *
 * To the machines the smart host is a store. This is what it lacks of one: it does not know a key
 * that it was given before. So the last answer about each entry is kept with the message, as soon
 * as it is known: an offer that comes again is answered from there, and one that was put off is
 * made again only as the next attempt. An entry that is withdrawn is barred first, and the
 * withdrawal then waits for a transaction that is under way, so that nothing is reported that was
 * taken (I9).
 *
 * What remains is the moment between the smart host's reply and its being kept, and a connection
 * lost behind the end of the message: then it is given again, and arrives twice (RFC 1047). It is
 * never lost, since only its reply lets the entry go.
 */
import { kindOf, partsOf } from '../../machines/protocol.ts'
import { type Item, type MailEvent, OUTSIDE } from '../../machines/wire.ts'
import { fullAddress } from '../mime/compose.ts'
import type { Client } from '../runtime/commit.ts'
import { onwardOf } from '../runtime/raw.ts'
import type { Settings } from '../runtime/settings.ts'
import { answered, bar, keep, markOf, type Outward, type Place, placeOf } from './kept.ts'
import { BUSY_MS, TRANSACTIONS_MAX } from './limits.ts'
import { type SmartHost, smartHostIn } from './name.ts'
import { type Answer, begin, type Transaction } from './transaction.ts'

export type Asked = Outward | { putOff: number; why: string }

export interface HandOver {
  /** The event is about an entry beyond its site. */
  concerns(event: MailEvent): boolean
  /** The site has a smart host: nobody else may be asked. */
  serves(settings: Settings): boolean
  /** What is known when the event may be answered; or when to look again. */
  ask(settings: Settings, event: MailEvent): Promise<Asked>
  close(): void
}

/** `general` is for the sites that have none of their own; null: theirs stays in `outside`. */
export function openHandOver(client: Client, general: SmartHost | null): HandOver {
  const running = new Set<Transaction>()
  let busy = 0
  const transact = async (
    host: SmartHost,
    settings: Settings,
    event: MailEvent,
  ): Promise<Answer> => {
    const item = event.item as Item
    const raw = await onwardOf({ client }, settings, item)
    const from = item.from === '' ? '' : fullAddress(item.from, settings.domain)
    const name = `${partsOf(event.to)[0]}.${settings.domain}`
    const transaction = begin(host, name, { from, to: event.alias as string, raw })
    running.add(transaction)
    try {
      return await transaction.answer
    } finally {
      running.delete(transaction)
    }
  }
  const offer = async (
    host: SmartHost,
    place: Place,
    settings: Settings,
    event: MailEvent,
  ): Promise<Asked> => {
    const mark = await markOf(client, place)
    if (!mark) return later(UNDER_WAY)
    try {
      const { attempt = 1 } = event
      const known = await answered(client, place, attempt)
      return known ?? (await keep(client, place, attempt, await transact(host, settings, event)))
    } finally {
      await mark.remove()
    }
  }
  return {
    concerns: ({ to, type, alias }) =>
      (type === 'mail.offered' || type === 'offer.withdrawn') &&
      alias?.includes('@') === true &&
      kindOf(to) === 'mailbox' &&
      partsOf(to)[1] === OUTSIDE,
    serves: (settings) => hostOf(settings, general) !== null,
    async ask(settings, event) {
      const mine = hostOf(settings, general)
      if (mine === null) throw new Error(`${settings.site} has no smart host`)
      const place = placeOf(settings, event.item?.key ?? '', event.entry ?? '')
      if (event.type === 'offer.withdrawn') {
        const taken = await bar(client, place)
        if (taken === 'under way') return later(UNDER_WAY)
        return taken ?? { kind: 'open' }
      }
      if (busy >= TRANSACTIONS_MAX) return later('the smart host has enough to do')
      busy += 1
      try {
        return await offer(mine, place, settings, event)
      } finally {
        busy -= 1
      }
    },
    close() {
      for (const transaction of running) transaction.abort()
    },
  }
}

const hostOf = ({ smartHost }: Settings, otherwise: SmartHost | null): SmartHost | null =>
  smartHost === undefined ? otherwise : smartHostIn(smartHost)

const UNDER_WAY = 'it is being handed over'

const later = (why: string) => ({ putOff: Date.now() + BUSY_MS, why })

/** How the answer is told to the machine, as a fault rule's order is. */
export function orderOf(outward: Outward) {
  switch (outward.kind) {
    case 'deferred':
      return { defer: true } as const
    case 'refused':
      return { refuse: outward.code }
    default:
      return null
  }
}
