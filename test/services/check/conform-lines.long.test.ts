/**
 * Lines that are missing, out of order, or no longer kept; and the program that says so.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundleFrom } from '../../../services/check/conform/bundle-file.ts'
import { conform } from '../../../services/check/conform/conform.ts'
import { readOptions } from '../../../services/check/conform/options.ts'
import { machinesDigest } from '../../../services/check/machines-digest.ts'
import type { Bundle, BundleStep } from '../../../services/runtime/views-of-bundle.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { startProgram } from '../../support/program.ts'
import { liveSites } from '../../support/site.ts'
import { lineOf, rearranged, trimmed } from './altered.ts'
import { ALL, eventfulBundle } from './conform-site.ts'

const sites = liveSites()
let made: Promise<Bundle> | undefined

function eventful(): Promise<Bundle> {
  made ??= eventfulBundle(sites, 'exchange-5.5-sp3')
  return made
}

const is = (type: string) => (step: BundleStep) => step.y === type
const without = (steps: BundleStep[], index: number) => void steps.splice(index, 1)

describe('a line that is missing', () => {
  test('is missed wherever it was: by what it sent, by its actors, or at the end', async () => {
    const whole = await eventful()
    const { length } = whole.journal.steps
    for (let line = 1; line <= length; line += 6) {
      const { bundle } = rearranged(
        whole,
        (_, all) => all.length > 0,
        () => undefined,
      )
      without(bundle.journal.steps, line - 1)
      const { conforms, failure } = conform(bundle)
      expect({ line, conforms }).toEqual({ line, conforms: false })
      expect(failure?.line).toBeGreaterThanOrEqual(line)
    }
  })

  test('at the end is only missed by what the site says that its actors are', async () => {
    const whole = structuredClone(await eventful())
    const last = whole.journal.steps.pop()
    const line = whole.journal.steps.length + 1
    expect(conform(whole).failure).toMatchObject({
      line,
      text: expect.stringContaining('a step is missing'),
    })
    for (const [address] of last?.s ?? []) delete whole.actors[address]
    expect(conform(whole).conforms).toBe(true)
  })

  test('an actor that the journal never names is missed', async () => {
    const whole = structuredClone(await eventful())
    whole.actors['move/other'] = [1, 'requested']
    expect(conform(whole).failure?.text).toBe('the site has it, and the journal never names it')
  })

  test('a state that the site has otherwise is told', async () => {
    const whole = structuredClone(await eventful())
    const [address = '', [version]] = Object.entries(whole.actors)[0] ?? ['', [0]]
    whole.actors[address] = [version, 'elsewhere']
    expect(conform(whole).failure?.text).toBe('its site says that it is elsewhere')
  })
})

describe('lines out of order', () => {
  test('fail by their positions alone, where one had nothing to do with the other', async () => {
    const whole = await eventful()
    const { bundle, line } = rearranged(whole, areApart, (steps, index) => {
      const [one, next] = steps.slice(index, index + 2) as [BundleStep, BundleStep]
      steps.splice(index, 2, next, one)
    })
    const text = expect.stringMatching(/does not come after/)
    expect(conform(bundle).failure).toMatchObject({ line: line + 1, text })
    expect(conform(inPlace(bundle)).failure).toBeNull()
  })

  test('fail with positions that grow, too: no effect comes before its cause', async () => {
    const whole = structuredClone(await eventful())
    const { steps } = whole.journal
    const cause = lineOf(whole, is('move.requested')) - 1
    const effect = steps.findIndex(({ i }) => i.startsWith(`${steps[cause]?.t}.1.`))
    expect(effect).toBeGreaterThan(cause)
    const [earlier] = steps.splice(cause, 1) as [BundleStep]
    steps.splice(effect, 0, earlier)
    const text = expect.stringMatching(/has done nothing yet/)
    expect(conform(inPlace(whole)).failure).toMatchObject({ line: effect, text })
  })
})

/** The next step is of other actors, and took nothing that this one sent. */
function areApart(step: BundleStep, all: BundleStep[]): boolean {
  const next = all[all.indexOf(step) + 1]
  const mine = new Set(step.s.map(([address]) => address))
  return !!next && !next.i.startsWith(`${step.t}.`) && next.s.every(([other]) => !mine.has(other))
}

/** The same steps, with positions that grow. */
function inPlace(whole: Bundle): Bundle {
  const bundle = structuredClone(whole)
  for (const [i, step] of bundle.journal.steps.entries()) step.p = `0:${i + 1}-0`
  return bundle
}

describe('a journal in shards', () => {
  /** Mailboxes in a shard of their own; an order between the shards is not known. */
  const sharded = (whole: Bundle): Bundle => {
    const bundle = structuredClone(whole)
    bundle.journal.shards = 2
    for (const [i, step] of bundle.journal.steps.entries()) {
      step.p = `${step.t.startsWith('mailbox/') ? 1 : 0}:${i + 1}-0`
    }
    return bundle
  }

  test('conforms in its own order, whichever shard is read first', async () => {
    const bundle = sharded(await eventful())
    expect(conform(bundle).failure).toBeNull()
    const { journal } = bundle
    const shard = ({ p }: BundleStep) => Number(p[0])
    journal.steps = [...journal.steps].sort((a, b) => shard(b) - shard(a))
    expect(conform(bundle).failure).toBeNull()
  })

  test('fails where an event was never sent in the other shard', async () => {
    const bundle = sharded(await eventful())
    const line = lineOf(bundle, is('mail.offered'))
    const step = bundle.journal.steps[line - 1] as BundleStep
    step.i = step.i.replace(/\.\d+\.\d+$/, '.99.0')
    const text = expect.stringContaining('comes from change 99')
    expect(conform(bundle).failure).toMatchObject({ line, text })
  })

  test('fails where an actor is in two shards', async () => {
    const bundle = sharded(await eventful())
    const line = lineOf(bundle, is('lock.requested'))
    const step = bundle.journal.steps[line - 1] as BundleStep
    step.p = step.p.replace('1:', '0:')
    const text = 'it changes in shard 0, and lies in 1'
    expect(conform(bundle).failure).toMatchObject({ line, text })
  })
})

describe('a journal that was trimmed', () => {
  test('begins at a checkpoint, wherever that is', async () => {
    const whole = await eventful()
    for (let line = 2; line <= whole.journal.steps.length; line += 24) {
      const verdict = conform(trimmed(whole, line))
      const position = whole.journal.steps[line - 1]?.p
      expect(verdict).toMatchObject({ failure: null, checkpoint: { position } })
    }
  })

  test('fails when it has more changes of an actor than there were', async () => {
    const cut = trimmed(await eventful(), 10)
    const [address = '', [, state]] = Object.entries(cut.actors)[0] ?? ['', [0, '']]
    cut.actors[address] = [0, state]
    expect(conform(cut).failure).toMatchObject({
      actor: address,
      text: 'the journal has more changes of it than it ever had',
    })
  })

  test('and says nothing of it fails at its first line', async () => {
    const cut = trimmed(await eventful(), 20)
    cut.journal.trimmed = false
    expect(conform(cut).failure?.line).toBe(1)
  })

  test('fails where it was altered behind its checkpoint', async () => {
    const cut = trimmed(await eventful(), 10)
    const line = lineOf(cut, ({ s }) => s.some(([, state]) => state === 'rolledBack'))
    for (const one of cut.journal.steps[line - 1]?.s ?? []) one[1] = 'completed'
    const step = cut.journal.steps[line - 1] as BundleStep
    step.c = step.c.map((words) => words.replace('rolledBack', 'completed'))
    expect(conform(cut).failure?.line).toBe(line)
  })

  test('by Redis itself: its bundle says so', async () => {
    const site = await sites.open()
    const first = await sites.send(site, 'dave')
    await sites.settled(site, first.id)
    await sites.rest(site)
    const key = sites.key(site, 'journal')
    const before = await sites.client.xlen(key)
    await sites.client.call('XTRIM', key, 'MAXLEN', '=', '2')
    const second = await sites.send(site, 'bob')
    await sites.settled(site, second.id)
    await sites.rest(site)
    const bundle = await sites.emulator.bundle(site, ALL)
    expect(bundle.journal).toMatchObject({ trimmed: true, from: [bundle.journal.steps[0]?.p] })
    expect(before).toBeGreaterThan(2)
    const { failure, checkpoint } = conform(bundle)
    expect(failure).toBeNull()
    expect(checkpoint?.actors).toBeGreaterThan(0)
  })
})

describe('the program', () => {
  const main = 'services/check/conform/main.ts'

  async function said(text: string): Promise<{ code: number | null; lines: string[] }> {
    const file = join(temporaryFolder(), 'site.bundle.json')
    writeFileSync(file, text)
    const program = startProgram([main, file])
    const { code } = await program.ended
    return { code, lines: program.lines }
  }

  test('says how many steps of how many actors conform', async () => {
    const whole = await eventful()
    const { code, lines } = await said(JSON.stringify(whole))
    expect(lines.join('\n')).toMatch(/conforms: \d+ steps of \d+ actors are as the machines allow/)
    expect(code).toBe(0)
  })

  test('names the line, the actor and the states of the first that does not', async () => {
    const { bundle, line } = rearranged(await eventful(), is('lock.requested'), (steps, index) => {
      const step = steps[index] as BundleStep
      step.s = [[step.t, 'removing']]
      step.c = ['mailbox anna at nyc: open → removing']
    })
    const { code, lines } = await said(JSON.stringify(bundle))
    expect(lines[0]).toMatch(
      new RegExp(`^line ${line} .*mailbox/nyc/anna: open → removing, by lock`),
    )
    expect(code).toBe(1)
  })

  test('refuses what is no bundle in words', async () => {
    const { code, lines } = await said('{}')
    expect(lines[0]).toMatch(/site\.bundle\.json: is not a bundle$/)
    expect(code).toBe(2)
  })
})

describe('a file', () => {
  const read = (text: string): Promise<Bundle> => {
    const file = join(temporaryFolder(), 'site.bundle.json')
    writeFileSync(file, text)
    return bundleFrom({ file })
  }

  test('that is no JSON, or not there, is refused in words', async () => {
    await expect(read('{')).rejects.toThrow(/is not JSON/)
    await expect(bundleFrom({ file: '/nowhere' })).rejects.toThrow(/cannot be read/)
  })

  test('that other machines made is refused, and says which they were', async () => {
    const other = { ...(await eventful()), machines: 'abcdef0123456789' }
    const words = /was made by machines abcdef012345 .*; these are [0-9a-f]{12}/
    await expect(read(JSON.stringify(other))).rejects.toThrow(words)
    const own = { ...other, machines: machinesDigest() }
    expect(await read(JSON.stringify(own))).toEqual(own)
  })
})

test.each([
  [[], /which bundle, or which site\?/],
  [['a.json', '--site', 'demo'], /a bundle or a site, not both/],
  [['a.json', 'b.json'], /one bundle at a time/],
  [['--site', 'demo', '--url', 'nowhere'], /--url: nowhere is not a URL/],
  [['--colour'], /Unknown option '--colour'/],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message)
})
