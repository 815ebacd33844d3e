/** A chaos test as a user of the package would write it: README.md has it, and what it says. */
import { movedInMidDelivery, startLab } from 'undeliverable/lab'
import { expect, test } from 'vitest'
import 'undeliverable/vitest'

test('a mailbox is moved in mid-delivery, and nobody is lost', async () => {
  const lab = await startLab({ profile: process.env.PROFILE ?? 'exchange-5.5-sp4' })
  await lab.faults.add(movedInMidDelivery('anna', 'lon'))
  await lab.send({ from: 'carol', to: ['anna'], subject: 'lunch?' })
  await expect(lab).toHaveNoSilentLoss()
  await lab.close()
})
