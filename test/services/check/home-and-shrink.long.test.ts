/**
 * A failure seen live, brought home: a bundle's journal becomes a schedule that ends as the site
 * did, the schedule is made small, and the small one is replayed live.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { conform } from '../../../services/check/conform/conform.ts'
import { homeOf } from '../../../services/check/home/home.ts'
import { readSchedule } from '../../../services/check/replay/read.ts'
import { shrink } from '../../../services/check/shrink/shrink.ts'
import type { Bundle } from '../../../services/runtime/views-of-bundle.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { startProgram } from '../../support/program.ts'
import { liveSites, type Sites } from '../../support/site.ts'
import { ALL, eventfulBundle } from './conform-site.ts'
import { counted, ledgerOf } from './ends.ts'

const sites = liveSites()

/** The loss of Q248839, as a person makes it: see the README. */
async function lossOn({ emulator, open, send, settled, moveIn }: Sites): Promise<string> {
  const site = await open({ profile: 'exchange-5.5-sp3' })
  await emulator.setClock(site, { stop: true })
  await send(site, ['dave', 'nobody'])
  const move = await emulator.startMove(site, { mailbox: 'anna', to: 'lon', holdAt: 'locked' })
  await moveIn(site, move.id, { phase: 'locked', held: true })
  const { id } = await send(site, ['bob', 'anna', 'dave'])
  await emulator.recipient(site, id, 'anna', { until: 'deferred', timeoutMs: 20_000 })
  await emulator.releaseMove(site, move.id)
  await moveIn(site, move.id, { state: 'completed' })
  await settled(site, id)
  return site
}

describe('a bundle', () => {
  test.each(['exchange-5.5-sp3', 'exchange-5.5-sp4', 'modern'])(
    'of an eventful site under %s becomes a schedule that ends as the site did',
    async (profile) => {
      const bundle = await eventfulBundle(sites, profile)
      const { schedule, notes } = homeOf(bundle, 'it')
      expect(notes).toEqual([])
      const taken = schedule.steps.filter((step) => step.do !== 'act')
      expect(taken).toHaveLength(bundle.journal.steps.length)
      const { redirected: _, ...ends } = counted(schedule.outcomes)
      expect(ends).toEqual(ledgerOf(bundle))
    },
  )

  test('tells what fault rules did', async () => {
    const { emulator } = sites
    const site = await sites.open({ profile: 'modern' })
    await emulator.setClock(site, { stop: true })
    const first = { first: 1 }
    const offer = (mailbox: string) => ({ match: { event: 'mail.offered', mailbox }, when: first })
    await emulator.addFault(site, { ...offer('bob'), do: { defer: true } })
    await emulator.addFault(site, { ...offer('dave'), do: { loseReply: true } })
    const refusal = { reason: 5, diagnostic: 29 }
    await emulator.addFault(site, { ...offer('carol'), do: { refuse: refusal } })
    await sites.send(site, ['bob', 'dave', 'carol'], { from: 'dave' })
    await emulator.advance(site, { until: 'idle' })
    await sites.rest(site)
    const bundle = await emulator.bundle(site, ALL)
    const { schedule } = homeOf(bundle, 'it')
    expect(counted(schedule.outcomes)).toEqual({ delivered: 2, reported: 1 })
    const how = schedule.steps.flatMap((step) => (step.do === 'act' ? [] : [step]))
    expect(how.filter((step) => step.do === 'take and lose')).toHaveLength(1)
    expect(how.flatMap(({ event }) => event.ordered ?? [])).toEqual(
      expect.arrayContaining([{ defer: true }, { refuse: refusal }]),
    )
    expect(how.filter((step) => step.do === 'ring').length).toBeGreaterThan(1)
  })

  test('tells a step before the write of a replica that it did not see', async () => {
    const site = await sites.open({ profile: 'modern' })
    const { id } = await sites.send(site, 'bob')
    await sites.settled(site, id)
    const changed = { alias: 'bob', server: 'nyc', alternateRecipient: 'dave' }
    await sites.emulator.putMailbox(site, changed, 'now')
    await sites.rest(site)
    const bundle = await sites.emulator.bundle(site, ALL)
    const { steps } = bundle.journal
    const written = steps.findIndex(({ y, t }) => y === 'entry.written' && t.includes('/nyc/'))
    expect(written).toBeGreaterThan(0)
    // As if its look-up had been read before that commit, and its own commit had come after it.
    const late = [steps[written], ...steps.slice(0, written), ...steps.slice(written + 1)]
    const raced = { ...bundle, journal: { ...bundle.journal, steps: late as typeof steps } }
    const { schedule } = homeOf(raced, 'it')
    expect(schedule.outcomes).toEqual({ 'message-1 bob own': 'delivered' })
    expect(schedule.steps.filter((step) => step.do !== 'act')).toHaveLength(steps.length)
  })

  test('is told up to a change of the profile, under the one before', async () => {
    const site = await lossOn(sites)
    await sites.emulator.changeProfile(site, 'modern')
    await sites.send(site, 'dave')
    await sites.rest(site)
    const bundle = await sites.emulator.bundle(site, ALL)
    expect(conform(bundle)).toMatchObject({ conforms: true, failure: null })
    const { schedule, notes } = homeOf(bundle, 'it')
    expect(schedule.profile).toBe('exchange-5.5-sp3')
    expect(notes).toEqual([expect.stringMatching(/^after step \d+ its profile was changed: \d+/)])
    expect(Object.values(schedule.outcomes)).toContain('lost')
    expect(schedule.steps.length).toBeLessThan(bundle.journal.steps.length + 4)
  })
})

describe('a bundle that cannot be told again', () => {
  let whole: Promise<Bundle> | undefined
  const bundle = () => {
    whole ??= lossOn(sites).then((site) => sites.emulator.bundle(site, ALL))
    return whole
  }

  test.each<[string, (bundle: Bundle) => Bundle, RegExp]>([
    [
      'was trimmed',
      (one) => ({ ...one, journal: { ...one.journal, trimmed: true } }),
      /its journal was trimmed and begins at 0:\d+-\d+: what was before is not known/,
    ],
    [
      'has not all messages',
      (one) => ({ ...one, accepted: { ...one.accepted, leftOut: 2 } }),
      /2 accepted messages are not in it/,
    ],
    [
      'does not say how its site began',
      (one) => ({ ...one, history: { ...one.history, mailboxes: null } }),
      /with which mailboxes its site began/,
    ],
    [
      'misses a step',
      (one) => {
        const missing = one.journal.steps.findIndex(({ y }) => y === 'lock.requested')
        const steps = one.journal.steps.toSpliced(missing, 1)
        return { ...one, journal: { ...one.journal, steps } }
      },
      /request\.granted for move\/move-1 \(0:\d+-\d+\) cannot be taken again: it is not under way/,
    ],
    [
      'ends a step in another way',
      (one) => {
        const steps = structuredClone(one.journal.steps)
        for (const { s } of steps)
          for (const pair of s) if (pair[1] === 'failed') pair[1] = 'expired'
        return { ...one, journal: { ...one.journal, steps } }
      },
      /it left recipient\/message-1\/nyc\/2 expired there, and leaves it failed here/,
    ],
  ])('since it %s is refused with words', async (_name, change, words) => {
    const changed = change(await bundle())
    expect(() => homeOf(changed, 'it.json')).toThrow(words)
  })

  test('since other machines made it is refused, and says which', async () => {
    const file = join(temporaryFolder(), 'it.json')
    writeFileSync(file, JSON.stringify({ ...(await bundle()), machines: 'f'.repeat(64) }))
    await expect(readSchedule(file)).rejects.toThrow(/was made by machines ffffffffffff/)
  })
})

describe('a loss seen live', () => {
  test('is shrunk to the steps that it needs, and lost again in a replay', async () => {
    const site = await lossOn(sites)
    const bundle = await sites.emulator.bundle(site, ALL)
    expect(conform(bundle)).toMatchObject({ conforms: true })
    const folder = temporaryFolder()
    const file = join(folder, 'lost.bundle.json')
    writeFileSync(file, JSON.stringify(bundle))

    const shrunk = startProgram(['services/check/shrink/main.ts', file])
    expect(await shrunk.ended).toMatchObject({ code: 0 })
    expect(shrunk.lines[0]).toMatch(/I8 is broken for message-2 anna own: it failed, and nobody/)
    const small = join(folder, 'lost.shrunk.json')
    const { schedule } = await readSchedule(small)
    const { schedule: whole } = await readSchedule(file)
    expect(whole.steps.length).toBeGreaterThan(40)
    expect(schedule.steps).toHaveLength(30)
    expect(schedule.outcomes).toEqual({
      'message-2 anna own': 'lost',
      'message-2 bob redirected': 'delivered',
    })
    expect(schedule.violation).toEqual({ invariant: 'I8', entry: 'message-2 anna own' })

    const again = startProgram(['services/check/replay/main.ts', small])
    expect(await again.ended, again.lines.join('\n')).toMatchObject({ code: 0 })
    expect(again.lines).toContain('same    message-2 anna own: lost')
  }, 60_000)

  test('is shrunk no further: none of its steps can be left out', async () => {
    const { schedule } = homeOf(await sites.emulator.bundle(await lossOn(sites), ALL), 'it')
    const wanted = { invariant: 'I8', entry: 'message-2 anna own' } as const
    const small = shrink(schedule, wanted)
    if (!small) throw new Error('it is not lost in memory')
    const { steps, mailboxes } = small.schedule
    expect(mailboxes.map(({ alias }) => alias).sort()).toEqual(['anna', 'bob', 'carol'])
    for (const [i] of steps.entries()) {
      const shorter = { ...small.schedule, steps: steps.toSpliced(i, 1) }
      expect(shrink(shorter, wanted)?.schedule.steps.length ?? 0, `step ${i + 1}`).not.toBe(
        steps.length - 1,
      )
    }
  })
})

describe('the shrinker', () => {
  const runBy = async (...args: string[]) => {
    const program = startProgram(['services/check/shrink/main.ts', ...args])
    const { code } = await program.ended
    return { code, text: program.lines.join('\n') }
  }

  test('says that nothing is broken, and ends with 1', async () => {
    const site = await sites.open()
    await sites.send(site, 'dave')
    await sites.rest(site)
    const file = join(temporaryFolder(), 'fine.json')
    writeFileSync(file, JSON.stringify(await sites.emulator.bundle(site, ALL)))
    expect(await runBy(file)).toEqual({
      code: 1,
      text: expect.stringMatching(/no invariant is broken/),
    })
  })

  test('is told which violation, and says which there are', async () => {
    const file = join(temporaryFolder(), 'lost.json')
    writeFileSync(file, JSON.stringify(await sites.emulator.bundle(await lossOn(sites), ALL)))
    const { code, text } = await runBy(file, '--entry', 'letter anna own')
    expect(code).toBe(2)
    expect(text).toMatch(/nothing is broken of "letter anna own", but of: message-2 anna own$/)
  })

  test.each([
    [[], /which bundle or schedule/],
    [['package.json'], /is neither a schedule nor a bundle/],
    [['README.md'], /is not JSON/],
    [['/none/such.json'], /there is no such file/],
  ])('refuses %j with 2', async (args, words) => {
    const { code, text } = await runBy(...args)
    expect(code).toBe(2)
    expect(text).toMatch(words)
    expect(text).not.toMatch(/^ +at /m)
  })
})
