/** What every reader of a data file throws; whoever only catches it needs no library. */

/** A data file that cannot be used; the message lists every reason, one a line. */
export class DataError extends Error {
  readonly file: string
  readonly reasons: readonly string[]
  constructor(file: string, reasons: readonly string[]) {
    super(reasons.map((reason) => `${file}: ${reason}`).join('\n'))
    this.name = 'DataError'
    this.file = file
    this.reasons = reasons
  }
}
