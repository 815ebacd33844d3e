/**
 * What is advised against each defect, followed: a scenario in which it is done before the letter
 * of interest, and what the search then finds, with the defect and without.
 */
import { MODERN, SP3, SP4 } from '../verdict.ts'
import { ANY, ARRIVES, OR_REPORTED, OWN, type Shown } from './shown.ts'

export interface Followed extends Omit<Shown, 'live'> {
  /** What is done. */
  advice: string
}

/** Of those that are only played live: why. */
export interface Played {
  defect: string
  advice: string
  why: string
  /** A scenario, or a file of tests. */
  live: string
}

const RTM = 'exchange-5.5-rtm'
const RETURNED = ['reported']

const OF_Q172364 = {
  defect: 'Q172364',
  fixed: MODERN,
  broken: `${MODERN}+Q172364`,
  breaks: [],
}
const OF_Q252869 = {
  defect: 'Q252869',
  fixed: SP4,
  broken: `${SP4}+Q252869`,
  breaks: [],
  ends: [OWN, 'later anna own'].map((entry) => ({ entry, fixed: ARRIVES, broken: ARRIVES })),
}

export const FOLLOWED: Followed[] = [
  {
    defect: 'Q248839',
    scenario: 'workaround-too-late',
    advice: 'the alternate is taken away, 9 minutes before the move',
    fixed: SP4,
    broken: SP3,
    breaks: [`I8 ${OWN}`],
    ends: [{ entry: OWN, fixed: OR_REPORTED, broken: ANY }],
  },
  {
    ...OF_Q172364,
    scenario: 'q172364-offline',
    advice: 'method 1: both are moved while no mail is processed, nor in the minute after',
    ends: [{ entry: OWN, fixed: ARRIVES, broken: ARRIVES }],
  },
  {
    ...OF_Q172364,
    scenario: 'q172364-too-soon',
    advice: 'the same, but a letter is sent within the minute after',
    ends: [{ entry: OWN, fixed: ARRIVES, broken: OR_REPORTED }],
  },
  {
    ...OF_Q172364,
    scenario: 'q172364-workaround',
    advice: 'method 2: the MTA believes no entry for any time',
    ends: [{ entry: OWN, fixed: ARRIVES, broken: OR_REPORTED }],
  },
  {
    ...OF_Q172364,
    scenario: 'q172364-overtaken',
    advice: 'the same, of one letter: the move may be over between the directory and the store',
    ends: [{ entry: OWN, fixed: ARRIVES, broken: OR_REPORTED }],
  },
  {
    ...OF_Q252869,
    scenario: 'q252869-workaround',
    advice: 'method 1: the server is written by hand, and nobody writes before',
  },
  {
    ...OF_Q252869,
    scenario: 'q252869-recreated',
    advice: 'method 2: the entry is deleted, and made again at the other server',
  },
  {
    defect: 'Q181579',
    scenario: 'q181579-workaround',
    advice: 'the alternates are taken away, 11 minutes before',
    fixed: SP4,
    broken: RTM,
    breaks: [],
    ends: [
      { entry: OWN, fixed: ARRIVES, broken: ARRIVES },
      { entry: 'letter erin own', fixed: ARRIVES, broken: ARRIVES },
    ],
  },
  {
    defect: 'RFC1047',
    scenario: 'rfc1047-prompt',
    advice: 'the store answers before the MTA stops waiting',
    fixed: SP4,
    broken: `${SP4}+RFC1047`,
    breaks: [],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: ARRIVES }],
  },
  {
    defect: 'RFC1047',
    scenario: 'rfc1047-slow',
    advice: 'the store answers after it has',
    fixed: SP4,
    broken: `${SP4}+RFC1047`,
    bounds: { lateReplies: 1 },
    breaks: [`I2 ${OWN}`],
    ends: [{ entry: OWN, fixed: ARRIVES, broken: ARRIVES }],
  },
  {
    defect: 'bullmq-flow',
    scenario: 'bullmq-flow-workaround',
    advice: 'the parent does not wait for children that failed, and looks at them',
    fixed: MODERN,
    broken: `${MODERN}+bullmq-flow+bullmq-flow-ignored`,
    breaks: [],
    ends: [
      { entry: OWN, fixed: ARRIVES, broken: ARRIVES },
      { entry: 'letter nobody own', fixed: RETURNED, broken: RETURNED },
    ],
  },
]

export const PLAYED: Played[] = [
  {
    defect: 'Q248839',
    advice: 'the alternate is taken away, 16 minutes before the move, and given back after it',
    why: 'the search of it is in [workarounds.md](workarounds.md)',
    live: 'scenarios/workaround.yaml',
  },
  {
    defect: 'Q248839',
    advice: 'the alternate is taken away, and the MTA restarted',
    why: 'the search knows no restart',
    live: 'scenarios/workaround-restart.yaml',
  },
  {
    defect: 'bullmq-stalled',
    advice: 'a greater maxStalledCount, and a look at jobs that failed',
    why: 'it is what is done without the defect, and the rows above show it',
    live: 'services/runtime/stalled.long.test.ts',
  },
]
