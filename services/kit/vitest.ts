/**
 * Matchers for Vitest: `import 'undeliverable/vitest'`, once in a test file or in its set-up.
 *
 * They wait, so each is awaited: `await expect(letter.to('anna')).toBeDelivered()`.
 */
import { expect } from 'vitest'
import type { Fault } from '../client/api-answers.ts'
import type { Site } from '../client/site.ts'
import {
  delivered,
  fired,
  type Mail,
  noSilentLoss,
  type Reported,
  reported,
  taken,
  type Verdict,
} from './outcomes.ts'

export interface MailMatchers<Result = unknown> {
  /** Every recipient has it; of a message, or of one recipient. */
  toBeDelivered(): Promise<Result>
  /** The originator holds a report of the failure. */
  toBeReported(expected?: Reported): Promise<Result>
  /** Through these states in this order; others may lie between. */
  toHaveTakenPath(states: readonly string[]): Promise<Result>
  /** Of a site or a lab: lets site time run until nothing is left, and asks the ledger. */
  toHaveNoSilentLoss(options?: { deadlineMs?: number }): Promise<Result>
  /** Of a site or a lab: the fault rule was applied at least once. */
  toHaveFired(fault: Fault | string): Promise<Result>
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: it must be declared as Vitest declares it
  interface Matchers<T = any> extends MailMatchers<T> {}
}

const shown = ({ pass, message }: Verdict) => ({ pass, message: () => message })

expect.extend({
  toBeDelivered: async (mail: Mail) => shown(await delivered(mail)),
  toBeReported: async (mail: Mail, expected?: Reported) => shown(await reported(mail, expected)),
  toHaveTakenPath: async (mail: Mail, states: readonly string[]) =>
    shown(await taken(mail, states)),
  toHaveNoSilentLoss: async (site: Site, options?: { deadlineMs?: number }) =>
    shown(await noSilentLoss(site, options)),
  toHaveFired: async (site: Site, fault: Fault | string) => shown(await fired(site, fault)),
})
