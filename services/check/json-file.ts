/**
 * A file of JSON that was named on a command line, read or refused in words.
 */
import { readFile } from 'node:fs/promises'
import { DataError } from '../data-error.ts'

export async function jsonIn(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new DataError(file, [`cannot be read: ${why}`])
  })
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DataError(file, [`is not JSON: ${(error as Error).message}`])
  }
}

const has = (data: unknown, ...members: string[]): boolean =>
  typeof data === 'object' && data !== null && members.every((name) => Object.hasOwn(data, name))

/** Which of the two it says that it is; what is wrong with it is for others to find. */
export const looksLikeBundle = (data: unknown): boolean => has(data, 'journal')
export const looksLikeSchedule = (data: unknown): boolean => has(data, 'steps', 'outcomes')
