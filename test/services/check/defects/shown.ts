/**
 * Where each defect shows: a scenario, played under a profile that has it and under one that does
 * not, what the search finds broken, and how the entries of interest may end.
 */
import type { Bounds } from '../../../../services/check/explore/bounds.ts'
import { MODERN, SP3, SP4 } from '../verdict.ts'

export interface Shown {
  defect: string
  scenario: string
  /** Where it is played live, when that takes more than a scenario can say. */
  live?: string
  fixed: string
  broken: string
  /** Beside what a look at a single move needs. */
  bounds?: Partial<Bounds>
  /** `<invariant> <whom>`, in the order in which the search comes to them. */
  breaks: string[]
  /** Of entries, all endings that there are. */
  ends: { entry: string; fixed: string[]; broken: string[] }[]
}

/** Each timer rings once, nobody dies, and one move is made and not called off. */
const ONCE: Bounds = {
  retries: 1,
  crashes: 0,
  duplicates: 0,
  lostReplies: 0,
  lateReplies: 0,
  moves: 1,
  cancels: 0,
}
export const boundsOf = ({ bounds }: Pick<Shown, 'bounds'>): Bounds => ({ ...ONCE, ...bounds })

export const ARRIVES = ['delivered']
export const OR_REPORTED = ['delivered', 'reported']
const OR_LOST = ['delivered', 'lost']
export const ANY = ['delivered', 'lost', 'reported']
export const OWN = 'letter anna own'

export const SHOWN: Shown[] = [
  {
    defect: 'Q248839',
    scenario: 'q248839',
    fixed: SP4,
    broken: SP3,
    breaks: [`I8 ${OWN}`],
    ends: [
      { entry: OWN, fixed: OR_REPORTED, broken: ANY },
      { entry: 'letter bob redirected', fixed: ARRIVES, broken: ARRIVES },
    ],
  },
  {
    defect: 'Q277911',
    scenario: 'q277911',
    fixed: SP4,
    broken: `${SP4}+Q277911`,
    breaks: [`I2 ${OWN}`],
    ends: [{ entry: OWN, fixed: OR_REPORTED, broken: ANY }],
  },
  {
    defect: 'Q172364',
    scenario: 'q172364',
    fixed: MODERN,
    broken: `${MODERN}+Q172364`,
    breaks: [],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: OR_REPORTED }],
  },
  {
    defect: 'Q172364',
    scenario: 'q172364-both-moved',
    fixed: MODERN,
    broken: `${MODERN}+Q172364`,
    breaks: [`I5 ${OWN}`, 'I5 letter~1 carol own'],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: ['delivered', 'pending', 'reported'] }],
  },
  {
    defect: 'Q252869',
    scenario: 'q252869',
    fixed: SP4,
    broken: `${SP4}+Q252869`,
    breaks: [`I2 ${OWN}`, 'I6 mailbox anna', 'I2 later anna own'],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: ['lost'] }],
  },
  {
    defect: 'Q197058',
    scenario: 'q197058',
    fixed: SP4,
    broken: `${SP4}+Q197058`,
    breaks: ['I8 letter nobody own', 'I8 letter~1 carol own'],
    ends: [
      {
        entry: 'letter nobody own',
        fixed: ['deadLettered', 'reported'],
        broken: ['lost', 'reported'],
      },
    ],
  },
  {
    defect: 'Q247255',
    scenario: 'q247255',
    fixed: SP4,
    broken: SP3,
    breaks: [`I1 ${OWN}`, 'I1 later anna own'],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: OR_LOST }],
  },
  {
    defect: 'Q181579',
    scenario: 'q181579',
    fixed: SP4,
    broken: 'exchange-5.5-rtm',
    breaks: [],
    ends: [
      { entry: OWN, fixed: ARRIVES, broken: ['reported'] },
      { entry: 'letter erin own', fixed: ['reported'], broken: ['reported'] },
    ],
  },
  {
    defect: 'KB2579150',
    scenario: 'kb2579150',
    fixed: MODERN,
    broken: `${MODERN}+KB2579150`,
    breaks: [],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: OR_REPORTED }],
  },
  {
    defect: 'RFC1047',
    scenario: 'rfc1047',
    fixed: SP4,
    broken: `${SP4}+RFC1047`,
    breaks: [`I2 ${OWN}`],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: ARRIVES }],
  },
  {
    defect: 'cyrus-1578',
    scenario: 'cyrus-1578',
    fixed: MODERN,
    broken: `${MODERN}+cyrus-1578`,
    breaks: [`I2 ${OWN}`],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: OR_LOST }],
  },
  {
    defect: 'cyrus-5548',
    scenario: 'cyrus-5548',
    fixed: MODERN,
    broken: `${MODERN}+cyrus-5548`,
    breaks: ['I6 mailbox anna', `I2 ${OWN}`],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: OR_LOST }],
  },
  {
    defect: 'bullmq-stalled',
    scenario: 'bullmq-flow',
    live: 'services/runtime/stalled.long.test.ts',
    fixed: MODERN,
    broken: `${MODERN}+bullmq-stalled`,
    bounds: { stalls: 2 },
    breaks: [`I5 ${OWN}`, 'I5 letter nobody own'],
    ends: [
      { entry: OWN, fixed: ARRIVES, broken: ['delivered', 'pending'] },
      { entry: 'letter nobody own', fixed: ['reported'], broken: ['pending', 'reported'] },
    ],
  },
  {
    defect: 'bullmq-flow',
    scenario: 'bullmq-flow',
    fixed: MODERN,
    broken: `${MODERN}+bullmq-flow`,
    breaks: ['I5 letter nobody own'],
    ends: [
      { entry: OWN, fixed: ARRIVES, broken: ARRIVES },
      { entry: 'letter nobody own', fixed: ['reported'], broken: ['pending'] },
    ],
  },
]
