/** Safeguards that more than one test removes. */
import type { MemoryLoaded } from '../../../services/check/memory.ts'

/** An MTA forgets which attempts at a transfer it put off or refused. */
export function forgetsTransfers(loaded: MemoryLoaded): MemoryLoaded {
  const actors = new Map(loaded.actors)
  for (const [address, stored] of actors) {
    const { putOff: _putOff, refused: _refused, ...a } = stored.a
    actors.set(address, { ...stored, a })
  }
  return { ...loaded, actors }
}
