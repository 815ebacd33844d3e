/**
 * Stored snapshots of every version: golden files, one for each version of each machine, which this
 * and every later version of the service must be able to take up.
 *
 * The file of the present version is written when it is not there, and must then be committed; it
 * is never changed afterwards. When this fails, a snapshot that lies in somebody's Redis has come
 * to mean something else: add a migration (machines/versions.ts), which makes a new version.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Kind } from '../../machines/protocol.ts'
import { transition } from '../../machines/transition.ts'
import { MIGRATIONS, NewerSnapshot, stamped, upToDate, versionOf } from '../../machines/versions.ts'
import type { Stored } from '../../machines/wire.ts'
import { machineOf, statesOf } from './states.ts'
import { stateOf, walk } from './walk.ts'
import { SUBJECTS } from './worlds/all.ts'

const KINDS = Object.keys(SUBJECTS) as Kind[]
const FOLDER = join(import.meta.dirname, 'golden')

/** One snapshot of each state, on a shortest way to it. */
function snapshotsOf(kind: Kind): Stored[] {
  const first = new Map<string, Stored>()
  for (const { state, situation } of SUBJECTS[kind].worlds.flatMap((one) => walk(one).places)) {
    if (first.has(state)) continue
    const { value, context } = situation
    first.set(state, stamped(kind, { v: 7, s: value, c: context, a: {} }))
  }
  return [...first.values()]
}

/** What a context holds, and of what type; the members of its records are data. */
const shapeOf = (context: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(context)
      .sort()
      .map(([name, value]) => [name, value === null ? 'string' : typeof value]),
  )

describe.each(KINDS)('%s', (kind) => {
  const present = versionOf(kind)
  const fileOf = (version: number) => join(FOLDER, `${kind}.${version}.json`)
  if (!existsSync(fileOf(present))) {
    if (process.env.CI) throw new Error(`${fileOf(present)} was not committed`)
    writeFileSync(fileOf(present), `${JSON.stringify(snapshotsOf(kind), null, 1)}\n`)
  }
  const versions = Array.from({ length: present }, (_, i) => i + 1)

  test('has a golden file of each version', () => {
    const files = readdirSync(FOLDER).filter((name) => name.startsWith(`${kind}.`))
    expect(files.sort()).toEqual(versions.map((version) => `${kind}.${version}.json`).sort())
  })

  test.each(versions)('takes up each snapshot of version %d', (version) => {
    const golden = JSON.parse(readFileSync(fileOf(version), 'utf8')) as Stored[]
    const machine = machineOf(kind)
    const states = statesOf(machine)
    const shape = shapeOf(snapshotsOf(kind)[0]?.c ?? {})
    expect(golden.length).toBeGreaterThan(0)
    for (const stored of golden) {
      const read = upToDate(kind, stored)
      expect(read.v).toBe(7)
      expect(states).toContain(stateOf({ value: read.s }))
      expect(shapeOf(read.c)).toEqual(shape)
      for (const type of machine.events) {
        transition(machine, { value: read.s, context: read.c }, { type })
      }
    }
  })

  test('the golden file of the present version has every state', () => {
    const golden = JSON.parse(readFileSync(fileOf(present), 'utf8')) as Stored[]
    const states = golden.map(({ s }) => stateOf({ value: s }))
    expect(states.sort()).toEqual(statesOf(machineOf(kind)).sort())
  })
})

describe('a machine of which there are three versions', () => {
  const sample: Stored = { v: 3, s: 'waiting', c: { tries: 1 }, a: { alias: 'x' } as never }
  const all = {
    ...MIGRATIONS,
    recipient: [
      (old: Stored): Stored => ({ ...old, s: old.s === 'waiting' ? 'deferred' : old.s }),
      (old: Stored): Stored => ({ ...old, c: { ...old.c, remote: false } }),
    ],
  }
  test('migrates from each of them, one after the other', () => {
    const second = { ...sample, s: 'deferred', m: 2 }
    const expected = { ...sample, s: 'deferred', c: { tries: 1, remote: false }, m: 3 }
    expect(upToDate('recipient', sample, all)).toEqual(expected)
    expect(upToDate('recipient', second, all)).toEqual(expected)
    expect(upToDate('recipient', expected, all)).toBe(expected)
    expect(stamped('recipient', sample, all).m).toBe(3)
  })

  test('refuses a fourth in words, and one that there never was', () => {
    expect(() => upToDate('recipient', { ...sample, m: 4 }, all)).toThrow(NewerSnapshot)
    expect(() => upToDate('recipient', { ...sample, m: 4 }, all)).toThrow(
      'a recipient is stored in version 4, and this service knows 3: a newer one must take it',
    )
    expect(() => upToDate('recipient', { ...sample, m: 0 }, all)).toThrow('which there never was')
  })

  test('writes nothing of the first version', () => {
    expect(stamped('slot', sample)).toBe(sample)
    expect(JSON.stringify(stamped('slot', sample))).not.toContain('"m"')
  })
})
