/** Schedules taken by a real service, in exactly their order, and what differs is shown. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Replayed, replay } from '../../../services/check/replay/play.ts'
import { openService, type Service } from '../../../services/check/replay/system.ts'
import type { Schedule, ScheduleStep } from '../../../services/check/schedule.ts'
import { clientAt } from '../../../services/scenario/client.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { startProgram } from '../../support/program.ts'
import { Builder, move, send } from './replay-builder.ts'

let service: Service

beforeAll(async () => {
  service = await openService()
})

afterAll(() => service.close())

const replayed = (schedule: Schedule): Promise<Replayed> =>
  replay(clientAt(service.url), schedule, { service })

/** Taken to its end, and every entry ended as in memory. */
async function expectSame(schedule: Schedule): Promise<Replayed> {
  const result = await replayed(schedule)
  expect(result.differs).toBeNull()
  expect(result.entries.filter(({ same }) => !same)).toEqual([])
  expect(result).toMatchObject({ same: true, taken: schedule.steps.length })
  return result
}

/** Q248839: the alternate has the message, anna's store defers while it is locked. */
function lossOf(profile: string): Schedule {
  const run = new Builder(profile)
  run.act(send('letter', 'carol', ['anna']))
  run.take(['mail.submitted'])
  run.take(['mail.offered', 'bob'])
  run.take(['reply.accepted'])
  run.act(move('anna'))
  run.take(['move.requested'])
  run.take(['lock.requested', 'nyc/anna'])
  run.take(['mail.offered', 'anna'])
  run.takeAll()
  return run.schedule()
}

test.each([
  ['exchange-5.5-sp3', 'lost'],
  ['exchange-5.5-sp4', 'reported'],
  ['modern', 'delivered'],
])('the move of Q248839 under %s: %s', async (profile, outcome) => {
  const schedule = lossOf(profile)
  const report: Record<string, string> =
    outcome === 'reported' ? { 'letter~1 carol own': 'delivered' } : {}
  const entries = { 'letter anna own': outcome, 'letter bob redirected': 'delivered', ...report }
  expect(schedule.outcomes).toEqual(entries)
  const { entries: got } = await expectSame(schedule)
  expect(Object.fromEntries(got.map(({ entry, got }) => [entry, got]))).toEqual(entries)
})

test('its worker is killed after the commit: another one is given the event again', async () => {
  const run = new Builder('exchange-5.5-sp4')
  run.act(send('letter', 'carol', ['bob', 'dave']))
  run.take(['mail.submitted'])
  run.take(['mail.offered', 'nyc/bob'], 'take and die')
  run.take(['reply.accepted'])
  // It comes again, and bob's store knows it.
  run.take(['mail.offered', 'nyc/bob'])
  run.takeAll()
  const before = service.worker()
  const { deaths } = await expectSame(run.schedule())
  expect(deaths).toEqual([{ step: 3, stalls: 1, before, after: service.worker() }])
  expect(service.worker()).not.toBe(before)
  expect(() => process.kill(before, 0)).toThrow('ESRCH')
})

test('an event is seen again, though nobody died', async () => {
  const run = new Builder('exchange-5.5-sp4')
  run.act(send('letter', 'carol', ['bob', 'dave']))
  run.take(['mail.submitted'], 'take again')
  run.take(['mail.offered', 'nyc/bob'], 'take again')
  run.take(['reply.accepted'])
  run.takeAll()
  const before = service.worker()
  expect(await expectSame(run.schedule())).toMatchObject({ deaths: [] })
  expect(service.worker()).toBe(before)
})

test('a lost reply, the timer of who waits for it, and the same offer again', async () => {
  const run = new Builder('exchange-5.5-sp4')
  run.act(send('letter', 'carol', ['bob']))
  run.take(['mail.submitted'])
  run.take(['mail.offered'], 'take and lose')
  run.ring('reply', 'recipient')
  run.take(['mail.offered'])
  run.takeAll()
  const schedule = run.schedule()
  expect(schedule.outcomes).toEqual({ 'letter bob own': 'delivered' })
  expect(schedule.steps.at(-1)?.at).toBeGreaterThan(0)
  await expectSame(schedule)
})

test('a retry rings late, when the cache is too old to be believed', async () => {
  const outcome = (lateMs: number): Schedule => {
    const run = new Builder('exchange-5.5-sp3')
    run.act(send('letter', 'carol', ['anna']))
    run.take(['mail.submitted'])
    run.act(move('anna'))
    run.take(['move.requested'])
    run.take(['lock.requested'])
    run.take(['mail.offered', 'anna'])
    run.take(['reply.deferred'])
    // The move goes on, but its nudge stays under way: the retry's timer comes first.
    run.takeAll(['nudge.requested'])
    run.ring('retry', 'letter/nyc/1', lateMs)
    run.takeAll()
    return run.schedule()
  }
  const schedule = outcome(0)
  expect(schedule.outcomes['letter anna own']).toBe('delivered')
  await expectSame(schedule)
  await expectSame(outcome(3_600_000))
})

test('a timer that came due long ago is held until its turn', async () => {
  const run = new Builder('exchange-5.5-sp4')
  run.act(send('first', 'carol', ['bob']))
  run.take(['mail.submitted'])
  run.order(['mail.offered'], { defer: true })
  run.takeAll()
  run.at = 700_000
  run.act(send('second', 'carol', ['bob']))
  run.takeAll()
  run.at = 800_000
  run.act(send('third', 'carol', ['bob']))
  run.takeAll(['mail.offered'])
  run.ring('retry', 'first', 900_000)
  run.takeAll()
  await expectSame(run.schedule())
})

test('what people do: an entry changed, a move taken back, mail and mailbox deleted', async () => {
  const run = new Builder('exchange-5.5-sp4')
  run.act(send('first', 'carol', ['bob', 'dave']))
  run.takeAll()
  run.act({ do: 'remove', mailbox: 'bob', message: 'first' })
  run.takeAll()
  const anna = { alias: 'anna', server: 'nyc', alternateRecipient: 'dave', deliverToBoth: false }
  run.act({ do: 'put', mailbox: anna, now: false })
  run.take(['entry.written'])
  run.act(move('anna'))
  run.take(['move.requested'])
  run.act({ do: 'cancel', move: 'move-1' })
  run.takeAll()
  run.ring('replication', 'directory')
  run.takeAll()
  run.act({ do: 'put', mailbox: { alias: 'erin', server: 'lon' }, now: true })
  run.takeAll()
  run.act({ do: 'go on', mailbox: 'erin' })
  run.takeAll()
  run.act({ do: 'delete', mailbox: 'dave' })
  run.takeAll()
  run.act({ do: 'go on', mailbox: 'dave' })
  run.takeAll()
  run.act(send('second', 'bob', ['anna', 'erin', 'dave']))
  run.takeAll()
  const schedule = run.schedule()
  expect(schedule.outcomes).toEqual({
    'first bob own': 'delivered',
    'first dave own': 'delivered',
    'second anna own': 'redirected',
    'second dave redirected': 'reported',
    'second dave own': 'reported',
    'second erin own': 'delivered',
    // One report tells of both that failed.
    'second~1r bob own': 'delivered',
  })
  await expectSame(schedule)
})

test('a mailbox is moved as soon as its changed entry is everywhere', async () => {
  const run = new Builder('modern')
  const bob = { alias: 'bob', server: 'nyc', alternateRecipient: 'dave', deliverToBoth: true }
  run.act({ do: 'put', mailbox: bob, now: true })
  run.takeAll()
  run.act(move('bob'))
  run.takeAll()
  run.act(send('letter', 'carol', ['bob']))
  run.takeAll()
  await expectSame(run.schedule())
})

test('a store that defers by order, and two moves that cross', async () => {
  const run = new Builder('modern')
  run.act(send('letter', 'carol', ['anna', 'dave']))
  run.take(['mail.submitted'])
  run.order(['mail.offered', 'bob'], { defer: true })
  run.act(move('anna'))
  run.act(move('dave', 'nyc', 2))
  run.take(['move.requested', 'move-2'])
  run.takeAll()
  run.ring('retry', 'letter')
  run.takeAll()
  await expectSame(run.schedule())
})

/** The schedule with one step changed. */
const altered = (schedule: Schedule, at: number, change: (step: ScheduleStep) => ScheduleStep) => ({
  ...schedule,
  steps: schedule.steps.map((step, i) => (i === at ? change(step) : step)),
})

test('an altered schedule stops at the first step that differs, with what is there', async () => {
  const schedule = lossOf('exchange-5.5-sp3')
  const at = schedule.steps.findIndex(
    (step) => step.do === 'take' && step.event.type === 'reply.refused',
  )
  const result = await replayed(
    altered(schedule, at, (step) =>
      step.do === 'take' ? { ...step, event: { ...step.event, unknown: false } } : step,
    ),
  )
  expect(result).toMatchObject({ same: false, taken: at })
  expect(result.differs).toMatchObject({
    step: at + 1,
    why: expect.stringMatching(/^reply\.refused for recipient\/letter\/nyc\/1 is not there$/),
    instead: expect.arrayContaining([
      'reply.refused for recipient/letter/nyc/1: unknown is true, in the schedule false',
    ]),
  })
  expect(result.entries).toContainEqual({
    entry: 'letter anna own',
    expected: 'lost',
    got: 'pending',
    same: false,
  })
})

test('a step that comes before what causes it is not there', async () => {
  const schedule = lossOf('exchange-5.5-sp3')
  const [sent, , offered] = schedule.steps
  const result = await replayed({ ...schedule, steps: [sent, offered] as ScheduleStep[] })
  expect(result.differs).toMatchObject({
    step: 2,
    instead: ['mail.submitted for message/letter/nyc'],
  })
})

test('an act that the service refuses differs, and says why', async () => {
  const schedule = lossOf('exchange-5.5-sp3')
  const act = { do: 'move', id: 'move-1', mailbox: 'nobody', to: 'lon' } as const
  const step: ScheduleStep = { at: 0, text: 'a move of nobody', do: 'act', act }
  const { differs } = await replayed({ ...schedule, steps: [step] })
  expect(differs).toMatchObject({ step: 1, why: expect.stringContaining('unknown-mailbox') })
})

test('the program ends with 0 when all is the same, 1 if not, 2 for no schedule', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'loss.json')
  const run = async (...args: string[]) => {
    const program = startProgram(['services/check/replay/main.ts', ...args, '--url', service.url])
    const { code } = await program.ended
    return { code, lines: program.lines }
  }
  const schedule = lossOf('exchange-5.5-sp3')
  writeFileSync(file, JSON.stringify(schedule))
  const same = await run(file)
  expect(same).toMatchObject({ code: 0 })
  expect(same.lines).toContain('same    letter anna own: lost')
  expect(same.lines.at(-1)).toMatch(/^the same as in the schedule: 34 of 34 steps, 2 entries/)

  writeFileSync(file, JSON.stringify({ ...schedule, outcomes: { 'letter anna own': 'reported' } }))
  const other = await run(file, '--json')
  expect(other.code).toBe(1)
  expect(other.lines.join('\n')).toContain('"expected": "reported",\n      "got": "lost"')

  writeFileSync(file, JSON.stringify({ ...schedule, machines: 'of long ago' }))
  expect(await run(file)).toEqual({
    code: 2,
    lines: [expect.stringMatching(/another version of the machines: it is of of long ago, these/)],
  })
})
