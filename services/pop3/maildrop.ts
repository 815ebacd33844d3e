/**
 * A mailbox as one POP3 session sees it (RFC 1939 §3): what it held when the session began, by
 * number, and what is marked to be deleted. Whatever arrives meanwhile is for the next session.
 */
import { OUTSIDE } from '../../machines/wire.ts'
import { type Problem, problem } from '../errors.ts'
import type { Emulator } from '../runtime/emulator.ts'
import type { Raw } from '../runtime/raw.ts'
import { AT_ONCE_MAX, MESSAGES_MAX } from './limits.ts'

export type Store = Pick<Emulator, 'items' | 'rawItem' | 'deleteItem' | 'destination' | 'mailbox'>

export interface Message {
  /** From 1. */
  number: number
  /** Never used again for another message, and printable: it is UIDL's as it is. */
  id: string
}

export interface Maildrop {
  /** Not marked, in order. */
  messages(): Message[]
  /** Throws what the store says when there is none of that number, or none any more. */
  read(number: number): Promise<Raw>
  /** Octets of each of these, in their order. */
  sizes(messages: Message[]): Promise<number[]>
  mark(number: number): void
  unmarkAll(): void
  /** Deletes what is marked; how many could not be, since the mailbox is being moved. */
  update(): Promise<{ refused: number }>
}

/** A store's states in which a mailbox is on its way: it refuses logon, read and delete. */
const MOVING: ReadonlySet<string> = new Set(['locked', 'inTransit', 'merging', 'closing'])

/** Null when there is no such mailbox; throws when it is being moved: nobody is logged on then. */
export async function openMaildrop(store: Store, user: string): Promise<Maildrop | null> {
  const found = await store.destination(user)
  if (!found) return null
  const { site, alias } = found
  const page = { offset: 0, limit: MESSAGES_MAX }
  const listed = await store.items(site, alias, page).catch((error: Problem) => {
    if (error.code === 'unknown-mailbox') return null
    throw error
  })
  if (!listed) return null
  if (alias !== OUTSIDE) {
    const { server, stores } = await store.mailbox(site, alias)
    if (MOVING.has(stores[server]?.state ?? '')) {
      throw problem('mailbox-in-transit', `The mailbox ${alias} is being moved.`)
    }
  }
  const all = listed.items.map(({ id }, i): Message => ({ number: i + 1, id }))
  const sizes = new Map<number, number>()
  const marked = new Set<number>()
  const find = (number: number): Message => {
    const message = marked.has(number) ? undefined : all[number - 1]
    if (!message) throw problem('unknown-item', `there is no message ${number}`)
    return message
  }
  return {
    messages: () => all.filter(({ number }) => !marked.has(number)),
    read: (number) => store.rawItem(site, alias, find(number).id),
    sizes: (messages) =>
      forEach(messages, async ({ number, id }) => {
        const size = sizes.get(number) ?? (await store.rawItem(site, alias, id)).size
        sizes.set(number, size)
        return size
      }),
    mark: (number) => void marked.add(find(number).number),
    unmarkAll: () => marked.clear(),
    async update() {
      let refused = 0
      await forEach([...marked], async (number) => {
        await store.deleteItem(site, alias, all[number - 1]?.id ?? '').catch((error: Problem) => {
          // Somebody else was quicker: it is gone, which is what was wanted.
          if (error.code === 'unknown-item') return
          if (error.code !== 'mailbox-in-transit') throw error
          refused += 1
        })
      })
      return { refused }
    },
  }
}

/** Some at a time; the results in their order. */
async function forEach<One, Result>(
  all: One[],
  work: (one: One) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < all.length; from += AT_ONCE_MAX) {
    results.push(...(await Promise.all(all.slice(from, from + AT_ONCE_MAX).map(work))))
  }
  return results
}
