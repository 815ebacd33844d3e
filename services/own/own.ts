/**
 * What of a program's command line is the user's own: `--defect FILE`, and a `--profile` that is a
 * file. Both are read before the rest of it is; the rest then has names only.
 */
import { checkProfile } from '../../machines/profile.ts'
import { UsageError } from '../command-line.ts'
import { admitDefects } from './defect-file.ts'
import { admitProfile, isProfileFile } from './profile-file.ts'

export interface Own {
  /** The command line without the files. */
  args: string[]
  /** The defects of the files. */
  defects: string[]
  /** What another process of the service is told, to know the same. */
  flags: string[]
}

/** For the usage texts of the programs that search, simulate and play. */
export const OWN_USAGE = [
  '  --defect FILE       a module with a defect of your own (JavaScript or TypeScript); it is on',
  '                      behind each profile, unless one of them names it; may be repeated',
].join('\n')

/** Throws a `UsageError`, or a `DataError` with what is wrong in a file. */
export async function ownOf(given: readonly string[]): Promise<Own> {
  const own: Own = { args: [], defects: [], flags: [] }
  const profiles: { at: number; file: string }[] = []
  const rest = [...given]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, name = '', value] = /^(--defect|--profile)(?:=(.*))?$/s.exec(arg) ?? []
    if (name === '') {
      own.args.push(arg)
      continue
    }
    const text = value ?? rest.shift()
    if (text === undefined) throw new UsageError(`${name} needs a value`)
    if (name === '--defect') {
      own.defects.push(...(await admitDefects(text)))
      own.flags.push('--defect', text)
    } else {
      if (isProfileFile(text)) profiles.push({ at: own.args.length + 1, file: text })
      own.args.push(name, text)
    }
  }
  // A profile may name a defect whose file stands behind it.
  for (const { at, file } of profiles) own.args[at] = await admitProfile(file)
  return own
}

/** With the user's defects switched on: where they are named they are where they should be. */
export function switchedOn({ defects }: Own, profiles: readonly string[]): string[] {
  const named = (id: string): boolean =>
    profiles.some((name) => {
      const checked = checkProfile(name)
      return 'profile' in checked && checked.profile.defects.includes(id)
    })
  const added = defects.filter((id) => !named(id))
  return profiles.map((name) => [name, ...added].join('+'))
}
