/**
 * Mail that is in a mailbox before anything happens, so that a move of it takes its time.
 *
 * It is mail like any other: each message is accepted, is an obligation, and goes the way of all
 * mail, so the ledger counts it, a mailbox with an alternate passes it on, and whatever is wrong
 * with the site happens to it too. It comes from the mailbox itself, so that nobody else gets a
 * report of it.
 */
import { Problem } from '../errors.ts'
import { accept } from './accept.ts'
import { type Live, runnableSite } from './live-parts.ts'
import { entryOrProblem } from './mailboxes.ts'
import type { Prefilled, PrefillSpec } from './views-of-mail.ts'

/** Each waits for Redis, and then for its durability, most of the time. */
const AT_A_TIME = 32
const LINE = `${'It is here so that there is something to move. '.repeat(2).slice(0, 76)}\r\n`

/** Accepts them; as far as it came when the service would take no more. */
export async function prefill(
  live: Live,
  site: string,
  alias: string,
  { messages, bytes, caller }: PrefillSpec,
): Promise<Prefilled> {
  const settings = await runnableSite(live, site)
  await entryOrProblem(live, settings, alias)
  const text = LINE.repeat(Math.ceil(bytes / LINE.length)).slice(0, bytes)
  const prefilled: Prefilled = { accepted: 0, stopped: null }
  let next = 1
  const worker = async (): Promise<void> => {
    while (next <= messages && prefilled.stopped === null) {
      const subject = `pre-filled ${next++} of ${messages}`
      try {
        const letter = { from: alias, to: [alias], subject, text }
        await accept(live, site, caller ? { ...letter, caller } : letter)
        prefilled.accepted += 1
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        prefilled.stopped ??= { code: error.code, detail: error.detail }
        if (prefilled.accepted === 0) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, messages) }, worker))
  return prefilled
}
