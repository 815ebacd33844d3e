/** Edits and moves of one mailbox exclude each other, however long an edit takes. */
import { expect, test } from 'vitest'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()

const ANNA = { alias: 'anna', server: 'nyc', alternateRecipient: 'dave', deliverToBoth: true }

/** The API stops waiting for its own event after five seconds; a claim is void after as many. */
const SLOW = { timeout: 60_000 }

test('an edit that its caller no longer waits for still keeps a move away', SLOW, async () => {
  const { emulator } = sites
  const site = await sites.open({ profile: 'modern' })
  await emulator.pause(site)
  await expect(emulator.putMailbox(site, ANNA)).rejects.toMatchObject({ code: 'timeout' })
  const startMove = () => emulator.startMove(site, { mailbox: 'anna', to: 'lon' })
  const refused = expect.objectContaining({
    code: 'mailbox-moving',
    message: expect.stringContaining('is being changed'),
  })
  await expect(startMove()).rejects.toEqual(refused)
  await expect(emulator.putMailbox(site, { ...ANNA, alternateRecipient: null })).rejects.toEqual(
    expect.objectContaining({ code: 'mailbox-in-transit' }),
  )
  await emulator.resume(site)
  await expect
    .poll(async () => (await emulator.mailbox(site, 'anna')).alternateRecipient, soon)
    .toBe('dave')
  // The claim is void as soon as what it stood for has been taken, and some seconds have passed.
  await expect
    .poll(
      () =>
        startMove().then(
          () => 'begun',
          (error: { code: string }) => error.code,
        ),
      soon,
    )
    .toBe('begun')
  await expect.poll(async () => (await emulator.mailbox(site, 'anna')).move, soon).toBeNull()
  const moved = await emulator.mailbox(site, 'anna')
  expect(moved).toMatchObject({ server: 'lon', alternateRecipient: 'dave', version: 3 })
  await sites.send(site, 'anna')
  await emulator.advance(site, { until: 'idle' })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
  const { replicas } = await emulator.mailbox(site, 'anna')
  expect(Object.values(replicas)).toEqual([
    { home: 'lon', version: 3, alternate: 'dave' },
    { home: 'lon', version: 3, alternate: 'dave' },
  ])
})
