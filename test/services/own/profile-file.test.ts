/** Files of profiles: every member that is wrong is told, where it stands. */
import { afterAll, expect, test, vi } from 'vitest'
import { checkProfile, PROFILES } from '../../../machines/profile.ts'
import { ownOf } from '../../../services/own/own.ts'
import { admitProfile, isProfileFile, readProfile } from '../../../services/own/profile-file.ts'
import { temporaryFile } from '../../support/folder.ts'

// What was admitted is for this file only.
afterAll(() => {
  vi.resetModules()
})

const file = (text: string, name = 'own.yaml') => temporaryFile(text, name)

test.each([
  ['extends: [', 'line 1, column 11: Flow sequence'],
  ['- extends: modern', 'is no profile: it has `extends`'],
  ['storeRetryMs: 1', 'line 1, column 1: extends names a profile'],
  ['extends: moderm', 'line 1, column 1: there is no profile "moderm"'],
  ['extends: modern\nstoreRetry: 1', 'line 2, column 1: a profile has no "storeRetry"'],
  ['extends: modern\n\nstoreRetryMs: -1', 'line 3, column 1: storeRetryMs is a whole number'],
  ['extends: modern\ndefects: [Q1]', 'line 2, column 1: there is no defect "Q1"'],
  ['name: modern\nextends: modern', 'there is a profile "modern" already'],
  ['name: A B\nextends: modern', 'a profile is not named "A B"'],
  ['{ "extends": "modern", "hopLimit": "x" }', 'line 1, column 24: hopLimit is a whole number'],
  ['extends: *x', 'Unresolved alias'],
])('%j is refused', async (text, words) => {
  await expect(admitProfile(file(text))).rejects.toThrow(words)
})

test('all that is wrong is told at once', async () => {
  const both = readProfile(file('extends: modern\nhopLimit: x\nexpiryMs: 5'))
  await expect(both).rejects.toThrow(/line 2, column 1: hopLimit.*\n.*line 3, column 1: expiryMs/)
})

test('its name is known from then on, as that of a preset', async () => {
  const path = file('extends: exchange-5.5-sp4\nstoreRetryMs: 60000', 'patient.yaml')
  const own = await ownOf(['q248839', '--profile', path, '--json'])
  expect(own.args).toEqual(['q248839', '--profile', 'patient', '--json'])
  expect(PROFILES.patient).toMatchObject({ name: 'patient', storeRetryMs: 60_000, defects: [] })
  expect(checkProfile('patient+Q277911')).toMatchObject({
    profile: { name: 'patient+Q277911', storeRetryMs: 60_000, defects: ['Q277911'] },
  })
  expect(await admitProfile(path)).toBe('patient')
  const other = file('extends: modern', 'patient.yaml')
  await expect(admitProfile(other)).rejects.toThrow('there is a profile "patient" already')
})

test('a name is no file, and there must be one', async () => {
  expect(['modern', 'exchange-5.5-sp4+Q277911'].filter(isProfileFile)).toEqual([])
  expect(['a.yaml', './a', 'b.json'].filter((text) => !isProfileFile(text))).toEqual([])
  await expect(ownOf(['--profile', 'none.yaml'])).rejects.toThrow('there is no such file')
  await expect(ownOf(['--defect', '/tmp'])).rejects.toThrow('is no file')
  await expect(ownOf(['--defect'])).rejects.toThrow('--defect needs a value')
})
