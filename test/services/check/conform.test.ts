/**
 * A live journal conforms, and one that was altered fails where it was altered: each check of
 * `services/check/conform/` has an alteration here that only it finds.
 */
import { describe, expect, test } from 'vitest'
import { PROFILES } from '../../../machines/profile.ts'
import { BUNDLE_STEPS_MAX } from '../../../services/api/limits.ts'
import { conform, type Verdict } from '../../../services/check/conform/conform.ts'
import type { Bundle, BundleStep } from '../../../services/runtime/views-of-bundle.ts'
import { liveSites } from '../../support/site.ts'
import { type Altered, altered, rearranged, retold } from './altered.ts'
import { eventfulBundle } from './conform-site.ts'

const sites = liveSites()
let made: Promise<Bundle> | undefined

/** One for all tests of this file; none changes it. */
function eventful(): Promise<Bundle> {
  made ??= eventfulBundle(sites, 'exchange-5.5-sp3')
  return made
}

const is =
  (type: string, state?: string) =>
  ({ y, s }: BundleStep): boolean =>
    y === type && (state === undefined || s.some(([, name]) => name === state))
const failsAt = (line: number, text: RegExp): Partial<Verdict> => ({
  conforms: false,
  steps: line - 1,
  failure: expect.objectContaining({ line, text: expect.stringMatching(text) }),
})

describe('a live journal', () => {
  test('conforms, whatever happened on the site', async () => {
    const whole = await eventful()
    const states = new Set(whole.journal.steps.flatMap(({ s }) => s.map(([, state]) => state)))
    const happened = ['delivered', 'deferred', 'transferred', 'failed', 'completed', 'rolledBack']
    expect([...states]).toEqual(
      expect.arrayContaining([...happened, 'noReport', 'verified (held)']),
    )
    const { length } = whole.journal.steps
    expect(conform(whole)).toMatchObject({ conforms: true, steps: length, checkpoint: null })
  })

  test.each([
    ...['exchange-5.5-sp4', 'modern', 'exchange-5.5-sp3+Q277911'],
    ...['modern+KB2579150+RFC1047+Q197058', 'modern+Q172364+cyrus-5548'],
  ])('conforms under %s', async (profile) => {
    expect(conform(await eventfulBundle(sites, profile))).toMatchObject({ failure: null })
  })

  test('conforms where a list was made, and its alias became a mailbox', async () => {
    const site = await sites.open()
    const { emulator } = sites
    await emulator.putList(site, { alias: 'team', members: ['bob'] })
    await emulator.putList(site, { alias: 'team', members: ['bob', 'carol'] }, 'now')
    await emulator.deleteList(site, 'team')
    await emulator.putMailbox(site, { alias: 'team', server: 'lon' })
    await sites.rest(site)
    const bundle = await emulator.bundle(site, { steps: BUNDLE_STEPS_MAX, recipients: 10 })
    expect(conform(bundle)).toMatchObject({ conforms: true, failure: null })
  })

  test('is judged by the machines of its profile: its defect shares slots', async () => {
    const other = {
      ...(await eventful()),
      profile: PROFILES['exchange-5.5-sp4'] as Bundle['profile'],
    }
    const verdict = conform(other)
    const { failure } = verdict
    expect(verdict.conforms).toBe(false)
    expect(failure?.actor).toMatch(/^slot\//)
  })
})

test('an actor that may be in too many situations is followed by name, and told of', async () => {
  const whole = await eventful()
  const { failure, widened } = conform(whole, 1)
  expect(failure).toBeNull()
  expect(widened).toContain(whole.journal.steps.find(is('move.requested'))?.t)
  expect(conform(whole).widened).toEqual([])
})

/** What is altered, and what is said of it. */
const ALTERATIONS: Record<string, [(whole: Bundle) => Altered, RegExp]> = {
  'a state, in its name and in the words': [
    (whole) => altered(whole, is('reply.accepted', 'delivered'), (step) => retold(step, 'failed')),
    /do not lead from delivering to failed by reply\.accepted/,
  ],
  'a state, in its name alone': [
    (whole) =>
      altered(whole, is('mail.submitted', 'delivering'), ({ s }) => {
        for (const one of s) if (one[1] === 'delivering') one[1] = 'transferring'
      }),
    /the words say/,
  ],
  'the type of an event': [
    (whole) =>
      altered(whole, is('lock.requested'), (step) => Object.assign(step, { y: 'trim.due' })),
    /sent it no trim\.due/,
  ],
  'the type of an event, to one that this actor is never sent': [
    (whole) =>
      altered(whole, is('lock.requested'), (step) => Object.assign(step, { y: 'retry.due' })),
    /no event that it could be sent/,
  ],
  'the version that sent the event, to a later one': [
    (whole) => altered(whole, is('mail.offered'), (step) => raised(step, 5)),
    /comes from change 6 of .*, which is at 1: too early, or a step is missing/,
  ],
  'the version that sent the event, to an earlier one': [
    (whole) =>
      altered(whole, is('target.requested'), (step) => {
        step.i = step.i.replace(/\.\d+\.\d+$/, '.1.7')
      }),
    /change 1 of move.* sent it no target\.requested/,
  ],
  'the sender, to one that has done nothing': [
    (whole) =>
      altered(whole, is('mail.offered'), (step) => {
        step.i = 'message/nobody/nyc.1.0'
      }),
    /which has done nothing yet/,
  ],
  'the addressee of an answer': [
    (whole) =>
      altered(whole, is('reply.accepted', 'delivered'), (step) => {
        const number = /\/(\w+)$/.exec(step.t)?.[1]
        const other = step.t.replace(/\w+$/, number === '1' ? '9' : '1')
        step.s = step.s.map(([one, state]) => [one === step.t ? other : one, state])
        step.t = other
      }),
    /nothing in a step|the words/,
  ],
  'the id of an event, to one that another took': [
    (whole) =>
      altered(whole, is('mailbox.created'), (step) => {
        step.i = whole.journal.steps.find(is('mail.submitted'))?.i ?? ''
      }),
    /was mail\.submitted for message.* before/,
  ],
  'an actor left out': [
    (whole) => altered(whole, is('reply.accepted', 'delivered'), ({ s }) => void s.pop()),
    /its copy did not change/,
  ],
  'an actor put in': [
    (whole) =>
      altered(whole, is('mail.offered'), (step) => {
        step.s.push(['directory/nyc/anna', 'replica'])
        step.c.push('directory entry anna at nyc: replica, entry.written')
      }),
    /nothing in a step of mailbox.* reaches it/,
  ],
  'the addressee left out': [
    (whole) => altered(whole, is('reply.accepted', 'delivered'), ({ s }) => void s.shift()),
    /which the step did not change/,
  ],
  'an event of the site, as if somebody outside had sent it': [
    (whole) =>
      altered(whole, is('mail.offered'), (step) => {
        step.i = 'a person'
      }),
    /comes from an actor of the site/,
  ],
  'an id that is none': [
    (whole) =>
      altered(whole, is('mail.offered'), (step) => {
        step.i = 'mailbox/nyc'
      }),
    /is no id of an event/,
  ],
  'a timer that rings and was not armed': [
    (whole) => altered(whole, is('reply.accepted', 'delivered'), (step) => expired(step, 0)),
    /its expiry timer rang and was not armed/,
  ],
  'an expiry before its date': [
    (whole) => altered(whole, is('reply.accepted', 'delivered'), (step) => expired(step, 1)),
    /expired before its date/,
  ],
  'a timer of another actor': [
    (whole) =>
      altered(whole, is('replication.due'), (step) => {
        step.i = step.i.replace('directory/', 'directory/x')
      }),
    /and the id is of replication of directory\/x/,
  ],
  'what was accepted': [
    (whole) =>
      rearranged({ ...whole, accepted: { leftOut: 0, messages: [] } }, is('mail.submitted'), () => {
        // The journal is as it was.
      }),
    /no message .* was accepted/,
  ],
  'the recipients that were accepted': [
    (whole) => {
      const one = rearranged(whole, is('mail.submitted'), () => undefined)
      one.bundle.accepted.messages[0]?.recipients.pop()
      return one
    },
    /accepted for recipients 1, 2, 3, 4, and made entries for 1, 2, 3, 4, 5/,
  ],
  'the server that accepted': [
    (whole) => {
      const one = rearranged(whole, is('mail.submitted'), () => undefined)
      Object.assign(one.bundle.accepted.messages[0] ?? {}, { server: 'lon' })
      return one
    },
    /it was accepted at lon/,
  ],
  'site time': [
    (whole) =>
      rearranged(whole, is('request.granted', 'completed'), (steps, index) => {
        ;(steps[index] as BundleStep).a -= 3_600_000
      }),
    /its site time runs backward/,
  ],
  'a position': [
    (whole) => altered(whole, is('lock.requested'), (step) => Object.assign(step, { p: '0:1-0' })),
    /does not come after/,
  ],
  'a shard': [
    (whole) => altered(whole, is('lock.requested'), (step) => Object.assign(step, { p: '7:1-0' })),
    /is no position in this journal/,
  ],
}

function raised(step: BundleStep, by: number): void {
  step.i = step.i.replace(/\.(\d+)\.(\d+)$/, (_, version, n) => `.${Number(version) + by}.${n}`)
}

/** As if the entry had expired while its offer was open, at a date that is so much later. */
function expired(step: BundleStep, later: number): void {
  const number = /\/(\d+)\w*$/.exec(step.t)?.[1]
  step.y = 'expiry.due'
  step.i = `${step.t}.expiry.${step.a + later}.e1`
  step.s = [[step.t, 'withdrawing']]
  step.c = [`recipient ${number}: delivering → withdrawing`]
}

describe('an altered journal fails at the altered line', () => {
  test.each(Object.entries(ALTERATIONS))('%s', async (_, [alter, text]) => {
    const { bundle, line } = alter(await eventful())
    expect(conform(bundle)).toMatchObject(failsAt(line, text))
  })
})
