/**
 * A message that was accepted, and each of its recipients: what a test waits for by identity.
 */
import type { Accepted, Entry, Message } from './api-mail.ts'
import type { Caller } from './call.ts'
import { type Until, untilRecipient } from './wait.ts'

export interface Addressee {
  /** The message. */
  id: string
  address: string
  /** Every entry of this recipient as it is now: its own, and what it was redirected to. */
  entries(): Promise<Entry[]>
  /**
   * The entries once one is, or has been, in this state or has this outcome; `settled`: all are.
   * Without it in time an `UndeliverableError` of the code `not-reached` says what they wait for.
   */
  until(state: Until, options?: { deadlineMs?: number }): Promise<Entry[]>
  /** The message with every entry of it and its timeline. */
  message(): Promise<Message>
}

export interface Letter extends Accepted {
  site: string
  /** Every entry, and the timeline. */
  message(): Promise<Message>
  /** One of its recipients. */
  to(address: string): Addressee
}

export function letterOf(caller: Caller, site: string, accepted: Accepted): Letter {
  const { id } = accepted
  const message = () => caller.call('GET /sites/{site}/messages/{id}', { path: { site, id } })
  return {
    ...accepted,
    site,
    message,
    to: (address) => ({
      id,
      address,
      message,
      entries: async () => {
        const path = { site, id, address }
        const name = 'GET /sites/{site}/messages/{id}/recipients/{address}'
        return (await caller.call(name, { path })).entries
      },
      until: (state, options = {}) => untilRecipient(caller, { site, id, address }, state, options),
    }),
  }
}
