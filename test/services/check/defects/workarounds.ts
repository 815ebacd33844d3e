/**
 * Two articles advise the opposite of one another for the same move: Q248839 to take the alternate
 * recipient away, Q258473 to give one. The small sites in which each is followed, or half followed,
 * and what the search says may become of a letter.
 */
import { checkProfile } from '../../../../machines/profile.ts'
import type { MailboxFacts } from '../../../../machines/site.ts'
import type { Act } from '../../../../services/check/acts.ts'
import type { Checked } from '../../../../services/check/explore/check.ts'
import type { Before, Plan } from '../../../../services/check/plan.ts'

export interface Advice {
  /** What is done before the move. */
  done: string
  /** How anna's mailbox is at first, and how it is written before the move. */
  first: Alternate
  changed?: Alternate
  /** Minutes from that to the letter. */
  minutes?: number
}

type Alternate = 'no alternate' | 'alternate and both' | 'alternate only'

export const ADVICE: Advice[] = [
  { done: 'nothing; she has no alternate', first: 'no alternate' },
  { done: 'nothing; she has one and both get mail', first: 'alternate and both' },
  { done: 'nothing; she has one, who gets it instead', first: 'alternate only' },
  {
    done: 'Q248839: the alternate is taken away, 16 minutes before',
    first: 'alternate and both',
    changed: 'no alternate',
    minutes: 16,
  },
  {
    done: 'Q248839: the alternate is taken away, a minute before',
    first: 'alternate and both',
    changed: 'no alternate',
    minutes: 1,
  },
  {
    done: 'Q258473: an alternate is given, 16 minutes before',
    first: 'no alternate',
    changed: 'alternate only',
    minutes: 16,
  },
  {
    done: 'Q258473: an alternate is given, a minute before',
    first: 'no alternate',
    changed: 'alternate only',
    minutes: 1,
  },
  {
    done: 'Q258473: an alternate is given and both get mail, 16 minutes before',
    first: 'no alternate',
    changed: 'alternate and both',
    minutes: 16,
  },
]

const anna = (alternate: Alternate): MailboxFacts => ({
  alias: 'anna',
  server: 'nyc',
  ...(alternate === 'no alternate' ? {} : { alternateRecipient: 'bob' }),
  deliverToBoth: alternate === 'alternate and both',
})

const send = (as: string): Act => ({
  do: 'send',
  as,
  from: 'carol',
  to: ['anna'],
  server: 'nyc',
  priority: 'normal',
  wanted: true,
})

const MINUTE_MS = 60_000

/** Mail as on any day, so that the MTA believes something; the change; the letter and the move. */
export function planFor({ done, first, changed, minutes = 0 }: Advice, profile: string): Plan {
  const checked = checkProfile(profile)
  if ('wrong' in checked) throw new Error(checked.wrong)
  const change: Before[] = changed
    ? [{ act: { do: 'put', mailbox: anna(changed), now: true } }, { advance: minutes * MINUTE_MS }]
    : []
  return {
    scenario: done,
    profile,
    site: {
      name: 'workarounds',
      domain: 'example.test',
      servers: ['nyc', 'lon'],
      profile: checked.profile,
    },
    mailboxes: [anna(first), { alias: 'bob', server: 'nyc' }, { alias: 'carol', server: 'nyc' }],
    before: [{ act: send('earlier') }, ...change],
    acts: [send('letter'), { do: 'move', id: 'move-1', mailbox: 'anna', to: 'lon' }],
    faults: [],
  }
}

const OWN = 'letter anna own'
const OTHER = 'letter bob redirected'

/** From the best to the worst. */
const ENDS = ['arrives', 'arrives late', 'is at the alternate', 'is returned', 'is LOST'] as const
type End = (typeof ENDS)[number]

/** What may become of the letter, for anna: all kinds of rest that there are. */
export function endsOf({ tuples }: Checked): End[] {
  const ends = new Set(sent(tuples).map(({ outcomes, deferred }) => endOf(outcomes, deferred)))
  return ENDS.filter((end) => ends.has(end))
}

function endOf(outcomes: Record<string, string>, deferred: readonly string[]): End {
  switch (outcomes[OWN]) {
    case 'delivered':
      return deferred.includes(OWN) ? 'arrives late' : 'arrives'
    case 'redirected':
      if (outcomes[OTHER] === 'delivered') return 'is at the alternate'
      break
    case 'reported':
      return 'is returned'
    case 'lost':
      return 'is LOST'
    default:
  }
  throw new Error(`the letter has ended otherwise: ${JSON.stringify(outcomes)}`)
}

/** Whether the alternate has it, whatever becomes of anna's. */
export function alternateHasIt({ tuples }: Checked): 'always' | 'never' | 'at times' {
  const has = sent(tuples).map(({ outcomes }) => outcomes[OTHER] === 'delivered')
  if (has.every((one) => one)) return 'always'
  return has.includes(true) ? 'at times' : 'never'
}

/** The site may rest before the letter is sent, too. */
const sent = (tuples: Checked['tuples']) => tuples.filter(({ outcomes }) => OWN in outcomes)
