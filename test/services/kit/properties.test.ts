/**
 * Properties: what is drawn is a site that can be made, a loss is found, and it is shrunk to the
 * least that loses.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lab, movedInMidDelivery, startLab } from '../../../services/kit/lab.ts'
import {
  type Course,
  courses,
  faults,
  messages,
  moves,
  nothingIsLost,
  type SitePlan,
  sites,
} from '../../../services/kit/properties.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startLab({ redisUrl: '' })
})
afterAll(() => lab.close())

const SITE: SitePlan = {
  servers: ['a', 'b'],
  mailboxes: [
    { alias: 'ann', server: 'a' },
    { alias: 'ben', server: 'b' },
  ],
}

describe('what is drawn', () => {
  test('fits together', () => {
    fc.assert(
      fc.property(courses(), ({ site, acts }) => {
        const names = site.mailboxes.map(({ alias }) => alias)
        for (const { alias, server, alternateRecipient } of site.mailboxes) {
          expect(site.servers).toContain(server)
          expect(alternateRecipient).not.toBe(alias)
        }
        for (const act of acts) {
          const named = 'send' in act ? [act.send.from, ...act.send.to] : [act.move.mailbox]
          expect(names).toEqual(expect.arrayContaining(named))
        }
      }),
    )
  })

  test('is of every kind', () => {
    const drawn = fc.sample(courses(), { numRuns: 200, seed: 1 })
    const done = new Set(drawn.flatMap((one) => one.faults.flatMap((rule) => Object.keys(rule.do))))
    expect([...done].sort()).toEqual(['again', 'defer', 'delay', 'holdUntil', 'loseReply', 'move'])
    expect(drawn.some(({ acts }) => acts.some((act) => 'move' in act))).toBe(true)
    expect(drawn.some(({ site }) => site.servers.length === 3)).toBe(true)
  })

  test('may be of a site that is given', () => {
    fc.assert(
      fc.property(messages(SITE), moves(SITE), faults(SITE), (message, move, fault) => {
        expect(['ann', 'ben']).toEqual(expect.arrayContaining([message.from, ...message.to]))
        expect(move).toEqual(
          move.mailbox === 'ann' ? { mailbox: 'ann', to: 'b' } : { mailbox: 'ben', to: 'a' },
        )
        expect(['ann', 'ben']).toContain(fault.match?.mailbox)
      }),
    )
    expect(fc.sample(sites(), 1)).toHaveLength(1)
  })
})

test('without the defect nothing is lost, whatever the test does meanwhile', async () => {
  const seen: string[] = []
  const property = nothingIsLost(lab, { profile: 'exchange-5.5-sp4' }, async (site) => {
    await site.send({ from: 'bob', to: ['anna'] })
    seen.push(site.name)
  })
  await fc.assert(property, { numRuns: 12, seed: 7 })
  expect(new Set(seen).size).toBe(12)
  expect((await lab.client.sites.list()).map(({ name }) => name)).toEqual(['lab'])
})

/** The article's own: anna is moved as her mail is offered, and bob gets it as well. */
const LOSING: Course = {
  site: {
    servers: ['nyc', 'lon'],
    mailboxes: [
      { alias: 'anna', server: 'nyc', alternateRecipient: 'bob', deliverToBoth: true },
      { alias: 'bob', server: 'nyc' },
    ],
  },
  faults: [movedInMidDelivery('anna', 'lon')],
  acts: [{ send: { from: 'bob', to: ['anna'], subject: 'drawn' } }],
}

test('with it a course that loses is found out, and its timeline shown', async () => {
  const course = fc.constant(LOSING)
  const broken = nothingIsLost(lab, { profile: 'exchange-5.5-sp3', course })
  const { failed, errorInstance } = await fc.check(broken, { numRuns: 1 })
  expect(failed).toBe(true)
  expect(String(errorInstance)).toContain('LOST after 2 attempts, and nobody was told')
  const sound = nothingIsLost(lab, { profile: 'exchange-5.5-sp4', course })
  await fc.assert(sound, { numRuns: 1 })
})

test('a course shrinks to what matters: one message, one fault, the first of each', () => {
  const matters = ({ site, faults: rules, acts }: Course): boolean =>
    acts.some((act) => 'send' in act && act.send.to.includes('bob')) &&
    rules.some((rule) => rule.do.move?.mailbox === 'bob') &&
    site.mailboxes.some(({ alias, deliverToBoth }) => alias === 'bob' && deliverToBoth === true)
  const property = fc.property(courses(), (course) => !matters(course))
  const { failed, counterexample } = fc.check(property, { numRuns: 2_000, seed: 1 })
  expect(failed).toBe(true)
  expect(counterexample).toEqual([
    {
      site: {
        servers: ['nyc', 'lon'],
        mailboxes: [
          { alias: 'anna', server: 'nyc' },
          { alias: 'bob', server: 'nyc', alternateRecipient: 'anna', deliverToBoth: true },
        ],
      },
      faults: [movedInMidDelivery('bob', 'lon')],
      acts: [{ send: { from: 'anna', to: ['bob'], subject: 'drawn' } }],
    },
  ])
})
