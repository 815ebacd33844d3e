/**
 * Published defects that a profile can switch on, named by the article that describes them.
 *
 * A defect is a part that differs. It never looks at a message's circumstances and never orders an
 * outcome: what it loses follows from the part. With an empty set the machines are the ones we are
 * proud of.
 */

export interface Entry {
  number: number
  branch: number
}

/** The parts that a defect may replace. */
export interface Parts {
  /** Which entries of a copy share one report slot of the Result stage. */
  slotKey: (entry: Entry) => string
}

export interface Defect {
  id: string
  title: string
  source: string
  fixedIn: string
  parts: Partial<Parts>
}

export const SOUND: Parts = {
  slotKey: ({ number, branch }) => `${number}-${branch}`,
}

export const DEFECTS: Record<string, Defect> = {
  Q248839: {
    id: 'Q248839',
    title: 'MTA drops message and fails to send NDR during Move User',
    source: 'Q248839; the mechanism is our inference from Q234280 and Q174175',
    fixedIn: 'Exchange 5.5 SP4 (MTA 5.5.2651.71, Q251137)',
    parts: { slotKey: ({ number }) => `${number}` },
  },
}

export const partsWith = (defects: readonly string[]): Parts =>
  Object.assign({ ...SOUND }, ...defects.map((id) => DEFECTS[id]?.parts))
