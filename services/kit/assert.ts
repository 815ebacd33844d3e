/**
 * The same matchers for node:assert and whatever understands its errors: `undeliverable/assert`.
 *
 *     await expectThat(letter.to('anna')).toBeDelivered()
 *     await expectThat(lab).toHaveNoSilentLoss()
 */
import { AssertionError } from 'node:assert'
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

async function demand(operator: string, verdict: Promise<Verdict>): Promise<void> {
  const { pass, message } = await verdict
  if (!pass) throw new AssertionError({ message, operator })
}

const mailMatchers = (mail: Mail) => ({
  toBeDelivered: () => demand('toBeDelivered', delivered(mail)),
  toBeReported: (expected?: Reported) => demand('toBeReported', reported(mail, expected)),
  toHaveTakenPath: (states: readonly string[]) => demand('toHaveTakenPath', taken(mail, states)),
})

const siteMatchers = (site: Site) => ({
  toHaveNoSilentLoss: (options?: { deadlineMs?: number }) =>
    demand('toHaveNoSilentLoss', noSilentLoss(site, options)),
  toHaveFired: (fault: Fault | string) => demand('toHaveFired', fired(site, fault)),
})

/** What there is to be demanded of a message, of one of its recipients, or of a site. */
export function expectThat(mail: Mail): ReturnType<typeof mailMatchers>
export function expectThat(site: Site): ReturnType<typeof siteMatchers>
export function expectThat(subject: Mail | Site) {
  return 'moves' in subject ? siteMatchers(subject) : mailMatchers(subject)
}
