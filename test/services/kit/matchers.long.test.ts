/**
 * The matchers: each passes and each fails, and what a failure prints is a timeline.
 */
import { AssertionError } from 'node:assert'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectThat } from '../../../services/kit/assert.ts'
import { type Lab, movedInMidDelivery, startLab } from '../../../services/kit/lab.ts'
import '../../../services/kit/vitest.ts'

async function chaos(profile: string) {
  const lab = await startLab({ profile })
  onTestFinished(lab.close)
  const fault = await lab.faults.add(movedInMidDelivery('anna', 'lon'))
  const letter = await lab.send({ from: 'carol', to: ['anna'], subject: 'lunch?' })
  await lab.rest()
  return { lab, fault, letter }
}

async function calm(): Promise<Lab> {
  const lab = await startLab()
  onTestFinished(lab.close)
  return lab
}

/** What a failing expectation says. */
async function said(expectation: Promise<unknown>): Promise<string> {
  const outcome = await expectation.then(
    () => null,
    (error: Error) => error.message,
  )
  if (outcome === null) throw new Error('the expectation held')
  return outcome
}

describe('under Service Pack 3', () => {
  test('anna is lost, and each matcher shows how', async () => {
    const { lab, fault, letter } = await chaos('exchange-5.5-sp3')
    await expect(lab).toHaveFired(fault)
    await expect(letter.to('anna')).toHaveTakenPath(['queued', 'deferred', 'failed'])
    const loss = await said(expect(lab).toHaveNoSilentLoss())
    expect(loss).toContain('1 of 2 were silently lost.')
    expect(loss).toContain('"lunch?" from carol to anna')
    expect(loss).toMatch(/\n {4}0s {8}delivering → deferred, mailbox in transit\n/)
    expect(loss).toContain('LOST after 2 attempts, and nobody was told')
    expect(loss).not.toContain('{')
    const missing = await said(expect(letter).toBeDelivered())
    expect(missing).toContain('Not everybody has it: anna is lost.')
    expect(missing).toContain('delivering → failed, no such mailbox here')
    expect(missing).not.toContain('{')
    expect(await said(expect(letter).toBeReported())).toContain('A report: there is none.')
  })
})

describe('under Service Pack 4', () => {
  test('carol is told', async () => {
    const { lab, letter } = await chaos('exchange-5.5-sp4')
    await expect(lab).toHaveNoSilentLoss()
    await expect(letter).toBeReported({ recipient: 'anna', status: '5.1.1' })
    await expect(letter.to('anna')).not.toBeDelivered()
    const other = await said(expect(letter).toBeReported({ recipient: 'anna', status: '4.4.7' }))
    expect(other).toContain('A report about anna with 4.4.7: there is one with 5.1.1.')
    const nobody = await said(expect(letter).toBeReported({ recipient: 'dave' }))
    expect(nobody).toContain('A report about dave: there is none.')
    const path = await said(expect(letter).toHaveTakenPath(['queued', 'transferred']))
    expect(path).toContain('It has not gone queued → transferred: queued → delivering')
  })
})

test('mail that arrives is delivered, to all or to one', async () => {
  const lab = await calm()
  const letter = await lab.send({ from: 'carol', to: ['anna', 'dave'] })
  await expect(letter).toBeDelivered()
  await expect(letter.to('dave')).toHaveTakenPath(['queued', 'transferred', 'delivered'])
})

test('what still waits is not called lost: it says for what, and how to go on', async () => {
  const lab = await calm()
  await lab.clock.stop()
  const when = { match: { event: 'mail.offered', mailbox: 'dave' }, when: { nth: 1 } } as const
  await lab.faults.add({ ...when, do: { defer: true } })
  const letter = await lab.send({ from: 'carol', to: ['dave'], subject: 'later' })
  const waiting = await said(expect(letter).toBeDelivered())
  expect(waiting).toContain('dave is pending')
  expect(waiting).toContain('`rest()` lets site time run')
  expect(waiting).toContain('waits for the next attempt')
  await lab.rest()
  await expect(letter).toBeDelivered()
})

test('a loss cannot be denied while something is held, nor when no fault fired', async () => {
  const lab = await startLab({ unfired: 'allow' })
  onTestFinished(lab.close)
  const rule = await lab.faults.add({ match: { event: 'mail.offered' }, do: { hold: true } })
  expect(await said(expect(lab).toHaveNoSilentLoss())).toContain('This fault rule never fired')
  expect(await said(expect(lab).toHaveFired(rule))).toContain('The fault rule never fired')
  await lab.send({ from: 'carol', to: ['dave'] })
  const held = await said(expect(lab).toHaveNoSilentLoss({ deadlineMs: 3_000 }))
  expect(held).toContain('The site is not at rest, and 1 are pending')
  await expect(lab).toHaveFired(rule)
})

test('for node:assert they are the same, and throw its error', async () => {
  const { lab, fault, letter } = await chaos('exchange-5.5-sp4')
  await expectThat(lab).toHaveNoSilentLoss()
  await expectThat(lab).toHaveFired(fault.id)
  await expectThat(letter).toBeReported({ recipient: 'anna' })
  await expectThat(letter.to('anna')).toHaveTakenPath(['deferred', 'failed'])
  const failure = expectThat(letter).toBeDelivered()
  await expect(failure).rejects.toBeInstanceOf(AssertionError)
  await expect(failure).rejects.toThrow('anna is reported')
})
