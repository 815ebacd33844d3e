/** A chaos test as a user of the package would write it: README.md has it, and what it says. */

import { startLab } from 'undeliverable/lab'
import { expect, test } from 'vitest'
import 'undeliverable/vitest'

test('a mailbox is moved in mid-delivery, and nobody is lost', async () => {
  const lab = await startLab({ profile: process.env.PROFILE ?? 'exchange-5.5-sp4' })
  const move = { move: { mailbox: 'anna', to: 'lon' }, holdUntil: 'locked' }
  const match = { event: 'mail.offered', mailbox: 'anna' }
  const moved = await lab.faults.add({ match, when: { nth: 1 }, do: move })
  await lab.send({ from: 'carol', to: ['anna'], subject: 'lunch?' })
  await expect(lab).toHaveNoSilentLoss()
  await expect(lab).toHaveFired(moved)
  await lab.close()
})
