/**
 * Properties: what is drawn is a site that can be made, a loss is found, and it is shrunk to the
 * least that loses.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lab, startLab } from '../../../services/kit/lab.ts'
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

/** Of a series that comes to a loss soon. */
const SEED = 1

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

test('with it a loss is found, and shrunk to one message and one fault', async () => {
  const course = courses({ moves: 0 })
  const property = nothingIsLost(lab, { profile: 'exchange-5.5-sp3', course })
  const outcome = await fc.check(property, { numRuns: 200, seed: SEED })
  expect(outcome.failed).toBe(true)
  const [{ site, acts, faults: rules }] = outcome.counterexample as [Course]
  expect(acts).toMatchObject([{ send: { to: [expect.any(String)] } }])
  expect(rules).toMatchObject([{ when: { nth: 1 }, do: { holdUntil: 'locked' } }])
  expect(site.mailboxes.filter(({ deliverToBoth }) => deliverToBoth)).toHaveLength(1)
  expect(String(outcome.errorInstance)).toContain('LOST after')
})
