/**
 * A profile of the user's own, as a file of YAML or JSON: what it extends, and what differs.
 *
 *     name: slow-store
 *     extends: exchange-5.5-sp4
 *     storeRetryMs: 1800000
 *     defects: [Q277911]
 */
import { basename, extname } from 'node:path'
import {
  addProfile,
  checkProfile,
  DEFAULT_PROFILE,
  type ProfileSpec,
} from '../../machines/profile.ts'
import { DataError } from '../data-error.ts'
import { readYaml, type YamlFile } from './yaml-file.ts'

/** A name of a profile has none of these. */
const FILE = /[/\\]|\.(ya?ml|json)$/

export const isProfileFile = (text: string): boolean => FILE.test(text)

export interface OwnProfile {
  name: string
  spec: Exclude<ProfileSpec, string>
}

/**
 * Reads the file, or throws a `DataError` with all that is wrong in it and where. What is known
 * `elsewhere`, at a service, may be unknown here: other profiles, and defects.
 */
export async function readProfile(file: string, elsewhere = false): Promise<OwnProfile> {
  const yaml = await readYaml(file)
  const { data } = yaml
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new DataError(file, ['is no profile: it has `extends`, and what differs'])
  }
  const { name = basename(file, extname(file)), ...given } = data as Record<string, unknown>
  const reasons = reasonsAgainst(given, yaml, elsewhere)
  if (typeof name !== 'string') reasons.push(`${yaml.at(['name'])}: name is a text`)
  if (reasons.length > 0) throw new DataError(file, reasons)
  return { name: name as string, spec: given as OwnProfile['spec'] }
}

/** Each member by itself, so that every one that is wrong is told. */
function reasonsAgainst(
  given: Record<string, unknown>,
  { at }: YamlFile,
  elsewhere: boolean,
): string[] {
  const { extends: base, ...figures } = given
  if (typeof base !== 'string') return [`${at(['extends'])}: extends names a profile`]
  const checked = checkProfile(base)
  const unknownHere = 'wrong' in checked
  if (unknownHere && !elsewhere) return [`${at(['extends'])}: ${checked.wrong}`]
  const known = unknownHere ? DEFAULT_PROFILE : base
  return Object.entries(figures).flatMap(([key, value]) => {
    const one = checkProfile({ extends: known, [key]: value } as OwnProfile['spec'])
    const fine = !('wrong' in one) || (elsewhere && one.defect !== undefined)
    return fine ? [] : [`${at([key])}: ${one.wrong}`]
  })
}

/** Its name, under which it is known from now on in this process. */
export async function admitProfile(file: string): Promise<string> {
  const { name, spec } = await readProfile(file)
  const checked = addProfile(name, spec)
  if ('wrong' in checked) throw new DataError(file, [checked.wrong])
  return name
}
