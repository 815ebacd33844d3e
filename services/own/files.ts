/** What a process of the service was given of the user's own, known before it does anything. */
import { DataError } from '../data-error.ts'
import { EXIT, StartError } from '../setup/start-error.mjs'
import { admitDefects } from './defect-file.ts'
import { admitProfile } from './profile-file.ts'

/** Throws a `StartError` that says what is wrong in which file. */
export async function admitFiles(
  defects: readonly string[],
  profiles: readonly string[],
): Promise<void> {
  try {
    for (const file of defects) await admitDefects(file)
    for (const file of profiles) await admitProfile(file)
  } catch (error) {
    throw error instanceof DataError ? new StartError(error.message, EXIT.usage) : error
  }
}
