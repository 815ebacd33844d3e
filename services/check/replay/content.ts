/**
 * Is a live event the one that the schedule names?
 *
 * The live system's ids of messages and moves are replaced by the schedule's names, wherever they
 * stand: in addresses, keys of items, ids of reports. Left out is what a schedule does not say:
 * times, and sizes in bytes. Lists that a store keeps by key are compared without their order.
 */
import type { MailEvent } from '../../../machines/wire.ts'
import type { Content } from '../schedule.ts'

/** Live ids to names; an id is found in no other text, so it can be replaced as text. */
export class Names {
  readonly #names = new Map<string, string>()

  add(live: string, name: string): void {
    this.#names.set(live, name)
  }

  /** The live id; a report's follows from its message's. */
  live(name: string): string | null {
    const [root = '', ...rest] = name.split('~')
    for (const [live, known] of this.#names) if (known === root) return [live, ...rest].join('~')
    return null
  }

  /** The text with names for ids. */
  told(text: string): string {
    let named = text
    for (const [live, name] of this.#names) named = named.replaceAll(live, name)
    return named
  }
}

/** What is different from one run to the next, or is only there for a watcher. */
const UNSAID: ReadonlySet<string> = new Set([
  ...['id', 'at', 'due', 'sentAt', 'receivedAt', 'submittedAt', 'expiresAt', 'failedAt'],
  'deferUntil',
  ...['startedAt', 'size', 'ordered', 'via'],
])
/** Ids that mean something: of a header and of a move. */
const WITH_ID: ReadonlySet<string> = new Set(['header', 'move'])
const BY_KEY: ReadonlySet<string> = new Set(['pageItems', 'bars', 'keys', 'addresses'])

/** Everything that is compared, as one text. */
export function essence(event: Content | MailEvent): string {
  const { to, type, version } = event
  // An alarm is its timer's; the live one carries more, for whoever watches it.
  if (event.timer !== undefined) return JSON.stringify({ to, type, version })
  // Whoever deletes names the item; what it was is the store's to know.
  if (type === 'item.deleted') return JSON.stringify({ to, type, key: event.item?.key })
  return JSON.stringify(sorted(event, ''))
}

function sorted(value: unknown, name: string): unknown {
  if (Array.isArray(value)) {
    const all = value.map((one) => sorted(one, ''))
    return BY_KEY.has(name) ? all.map((one) => JSON.stringify(one)).sort() : all
  }
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(
    ([key, member]) =>
      member !== undefined && (!UNSAID.has(key) || (key === 'id' && WITH_ID.has(name))),
  )
  return Object.fromEntries(
    kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, sorted(member, key)]),
  )
}

/** Where two events of one type differ, in words: `item.key is "a" and not "b"`. */
export function differences(live: Content, wanted: Content): string[] {
  const a = flat(JSON.parse(essence(live)), '')
  const b = flat(JSON.parse(essence(wanted)), '')
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((path) => {
    const [is = 'not there', should = 'not there'] = [a.get(path), b.get(path)]
    return is === should ? [] : [`${path} is ${is}, in the schedule ${should}`]
  })
}

function flat(value: unknown, path: string): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value)]])
  return new Map(
    Object.entries(value).flatMap(([key, member]) => [
      ...flat(member, path === '' ? key : `${path}.${key}`),
    ]),
  )
}
