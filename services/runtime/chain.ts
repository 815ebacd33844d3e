/**
 * Steps that are committed together: each is given what the one before it left, its actors and how
 * much it put into a mailbox, as if it had been committed.
 */
import type { Address } from '../../machines/protocol.ts'
import { step } from '../../machines/step.ts'
import { tell } from '../../machines/words.ts'
import type { Stepped } from '../../machines/working.ts'
import type { Loaded, Taken } from './port.ts'
import { recordOf } from './record.ts'

export function chain(all: Loaded[]): Taken[] {
  const actors = new Map(all[0]?.actors)
  const added = new Map<Address, number>()
  return all.map((loaded) => {
    const more = added.get(loaded.event.to) ?? 0
    const { found } = loaded
    const bytes = more > 0 ? { bytes: (found.bytes ?? 0) + more } : {}
    const stepped = step({ ...loaded, actors, found: { ...found, ...bytes } })
    for (const [address, stored] of stepped.actors) actors.set(address, stored)
    count(added, stepped)
    return { loaded, stepped, record: recordOf(loaded, stepped, tell(stepped)) }
  })
}

function count(added: Map<Address, number>, { items }: Stepped): void {
  for (const write of items) {
    if (!('put' in write) || write.put !== 'inbox') continue
    const size = write.items.reduce((sum, item) => sum + item.size, 0)
    added.set(write.box, (added.get(write.box) ?? 0) + size)
  }
}
