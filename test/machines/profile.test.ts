/**
 * Profiles by name, with defects behind a plus sign; and what a machine makes of a state that only
 * a defect's machine has.
 */
import { describe, expect, test } from 'vitest'
import { DEFECTS } from '../../machines/defects.ts'
import { partsOfProfile } from '../../machines/parts.ts'
import {
  checkProfile,
  PROFILES,
  type Profile,
  type ProfileSpec,
  wrongName,
} from '../../machines/profile.ts'
import type { Kind } from '../../machines/protocol.ts'
import { storeDelay } from '../../machines/retry.ts'

function profileOf(spec: ProfileSpec): Profile {
  const checked = checkProfile(spec)
  if ('wrong' in checked) throw new Error(checked.wrong)
  return checked.profile
}

describe('a profile by name', () => {
  test('is a preset', () => {
    for (const [name, profile] of Object.entries(PROFILES)) expect(profileOf(name)).toBe(profile)
  })

  test('has the defects behind it, each once, beside those of the preset', () => {
    const { name, defects } = profileOf('exchange-5.5-sp3+RFC1047+Q248839+RFC1047')
    expect(defects).toEqual(['Q248839', 'Q247255', 'RFC1047'])
    expect(name).toBe('exchange-5.5-sp3+RFC1047')
  })

  test('is one object, so that what was made for it is made once', () => {
    expect(profileOf('modern+RFC1047')).toBe(profileOf('modern+RFC1047'))
    expect(profileOf('exchange-5.5-sp3+Q248839')).toBe(PROFILES['exchange-5.5-sp3'])
  })

  test('may be extended', () => {
    const extended = profileOf({ extends: 'modern+RFC1047', storeRetryMs: 7 })
    expect(extended).toMatchObject({ defects: ['RFC1047'], storeRetryMs: 7 })
    expect(profileOf({ extends: 'modern+RFC1047', defects: [] }).defects).toEqual([])
  })

  test.each([
    ['nt4', 'profile', 'nt4'],
    ['nt4+RFC1047', 'profile', 'nt4'],
    ['modern+', 'defect', ''],
    ['modern+Q1', 'defect', 'Q1'],
    ['modern+toString', 'defect', 'toString'],
  ])('%s is refused', (spec, what, name) => {
    expect(wrongName(spec)).toMatchObject({ what, name })
    expect(checkProfile(spec)).toHaveProperty('wrong')
  })

  test('nothing is wrong with a right one', () => {
    expect(wrongName('modern+RFC1047')).toBeNull()
  })
})

test('each preset has defects that there are', () => {
  for (const { defects } of Object.values(PROFILES)) {
    expect(Object.keys(DEFECTS)).toEqual(expect.arrayContaining(defects))
  }
})

describe('a defect that is switched off', () => {
  const sound = partsOfProfile(profileOf({ extends: 'modern', defects: [] }))
  const own = Object.values(DEFECTS).flatMap(({ id, states = {} }) =>
    Object.entries(states).flatMap(([kind, taken]) =>
      Object.entries(taken).map(([state, other]) => ({ id, kind: kind as Kind, state, other })),
    ),
  )

  test('leaves the others their states', () => {
    expect(own).not.toEqual([])
    expect(sound.known('mailbox', 'open')).toBe('open')
    expect(sound.known('move', { locked: 'working' })).toEqual({ locked: 'working' })
  })

  test.each(own)('$id: a $kind that is $state goes on as $other', ({ id, kind, state, other }) => {
    const states = (machine: typeof sound.machines.mailbox) => Object.keys(machine.states)
    const having = partsOfProfile(profileOf(`modern+${id}`))
    expect(having.known(kind, state)).toBe(state)
    expect(states(having.machines[kind])).toContain(state)
    expect(sound.known(kind, state)).toBe(other)
    expect(states(sound.machines[kind])).not.toContain(state)
    expect(states(sound.machines[kind])).toContain(other)
  })

  test('has left no line behind in the machine', () => {
    for (const id of Object.keys(DEFECTS)) partsOfProfile(profileOf(`modern+${id}`))
    const again = partsOfProfile(profileOf({ extends: 'modern', defects: [] }))
    expect(again.machines.mailbox).toBe(sound.machines.mailbox)
    expect(Object.keys(again.machines.mailbox.states)).not.toContain('made')
  })
})

test('a retry towards a store grows where the profile says so, up to the most', () => {
  const seconds = (name: string) =>
    [1, 2, 3, 4, 5, 6].map((attempts) => storeDelay(profileOf(name), attempts) / 1_000)
  expect(seconds('postfix')).toEqual([300, 600, 1_200, 2_400, 4_000, 4_000])
  expect(seconds('exchange-5.5-sp4')).toEqual([600, 600, 600, 600, 600, 600])
})
