/** How the programs read their arguments; what is wrong with them is told in words. */
import { type ParseArgsConfig, parseArgs } from 'node:util'

/** The person asked for something that does not exist; the message says what does. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** The values of these options, and what stands beside them. */
export function parsed<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
) {
  try {
    return parseArgs({ args, allowPositionals: true, options })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
