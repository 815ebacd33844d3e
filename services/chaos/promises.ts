/**
 * The load's own file of what it was promised: a line for each 202, appended and flushed to the
 * disk. What Redis forgets is missing from Redis's ledger too, but not from here.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises'

export interface Promised {
  /** The `Idempotency-Key`. */
  key: string
  id: string
  recipients: string[]
  /** When the 202 was there, in milliseconds since the epoch. */
  at: number
}

export interface Promises {
  /** Resolves when the line is on the disk. */
  keep(promised: Promised): Promise<void>
  close(): Promise<void>
}

export async function openPromises(file: string): Promise<Promises> {
  const handle: FileHandle = await open(file, 'ax')
  return {
    async keep(promised) {
      await handle.appendFile(`${JSON.stringify(promised)}\n`)
      await handle.datasync()
    },
    close: () => handle.close(),
  }
}

export async function readPromises(file: string): Promise<Promised[]> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Promised)
}
