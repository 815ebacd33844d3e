/** How the programs read their arguments; what is wrong with them is told in words. */
import { type ParseArgsConfig, parseArgs } from 'node:util'

/** The person asked for something that does not exist; the message says what does. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

export type Options = NonNullable<ParseArgsConfig['options']>

/** What was read; the type that Node's own function infers has no name to be written down. */
export type Parsed<Given extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; allowPositionals: true; options: Given }>
>

/** The values of these options, and what stands beside them. */
export function parsed<Given extends Options>(args: string[], options: Given): Parsed<Given> {
  try {
    return parseArgs({ args, allowPositionals: true, options })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
