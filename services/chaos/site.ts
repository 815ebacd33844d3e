/**
 * The site under chaos: which mailboxes there are, and what is sent to whom, from a seed.
 *
 * Three servers. Of the mailboxes that are moved about, some have an alternate recipient beside
 * them ("deliver to both"), some are redirected to theirs. Originators have none, so that a report
 * has one place to go. The probes' mailboxes stay where they are.
 */
import type { Random } from '../check/simulate/random.ts'
import type { MailboxSpec, Submission } from '../runtime/views-of-mail.ts'

export const SITE = 'chaos'
export const SERVERS = ['nyc', 'lon', 'tok']

/**
 * Site time for each second: retries of 5 and 10 minutes come within a run of a minute. A reply is
 * waited for half a minute; much faster, and what is slow only because the machine is busy would be
 * asked for again and again.
 */
export const CLOCK_SCALE = 10

/** So many of each: enough that moves and mail often meet in one, and seldom all in the same. */
const EACH = 6
/** As many as a message is asked to have at most, and no alias twice. */
export const RECIPIENTS_MOST = 50
const PLAIN = 40

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}-${i}`)

const BOTH = numbered('both', EACH)
const REDIRECTED = numbered('redirected', EACH)
const SENDERS = numbered('sender', EACH)
const STAFF = numbered('staff', PLAIN)
export const PROBES = SERVERS.map((server) => `probe-${server}`)

const home = (i: number): string => SERVERS[i % SERVERS.length] as string

/** The alternate's home is another server every third time. */
function withAlternates(aliases: string[], deliverToBoth: boolean): MailboxSpec[] {
  return aliases.flatMap((alias, i) => {
    const alternate = `${alias}-alternate`
    return [
      { alias: alternate, server: home(i % 3 === 2 ? i + 1 : i) },
      { alias, server: home(i), alternateRecipient: alternate, deliverToBoth },
    ]
  })
}

export const MAILBOXES: MailboxSpec[] = [
  ...withAlternates(BOTH, true),
  ...withAlternates(REDIRECTED, false),
  ...[...SENDERS, ...STAFF].map((alias, i) => ({ alias, server: home(i) })),
  ...PROBES.map((alias, i) => ({ alias, server: home(i) })),
]

/** Moved most: where mail meets moves. */
const BUSY = MAILBOXES.filter(({ alias }) => /^(both|redirected|sender)/.test(alias))
const MOVABLE = MAILBOXES.filter(({ alias }) => !PROBES.includes(alias))

/** Of moves, so many are of the busy mailboxes; of messages, so many are to them as well. */
const BUSY_SHARE = 0.8

/**
 * Where the defect is, mailboxes with an alternate beside them are moved most, and alternates stay
 * where they are: it loses them too, in its mirror image (row 17 of the truth table), and what is
 * looked for is the article's own case.
 */
export function moveOf(random: Random, hasDefect: boolean): { mailbox: string; to: string } {
  const isBusy = random.chance(BUSY_SHARE)
  const all = (isBusy ? BUSY : MOVABLE).map(({ alias }) => alias)
  const primaries = isBusy ? BOTH : all.filter((alias) => !alias.endsWith('-alternate'))
  return { mailbox: random.pick(hasDefect ? primaries : all), to: random.pick(SERVERS) }
}

/** Half of the messages go to one; few go to very many. */
function recipientsOf(random: Random): number {
  if (random.chance(0.5)) return 1
  return random.chance(0.75) ? random.between(2, 7) : random.between(7, RECIPIENTS_MOST + 1)
}

/** The shares of mail that ends in another way than in a mailbox. */
const SHARE = { never: 0.1, nullSender: 0.03, unknown: 0.05, outside: 0.03 }

export function mailOf(random: Random, nth: number): Submission {
  const known = [...BOTH, ...REDIRECTED, ...STAFF]
  const count = recipientsOf(random)
  const to = new Set<string>()
  if (random.chance(BUSY_SHARE)) to.add(random.pick([...BOTH, ...BOTH, ...REDIRECTED]))
  if (random.chance(SHARE.unknown)) to.add(`nobody-${nth}`)
  if (random.chance(SHARE.outside)) to.add(`somebody-${nth}@elsewhere.example`)
  while (to.size < Math.min(count, known.length)) to.add(random.pick(known))
  const recipients = [...to]
  // What nobody can be told of must not depend on a defect that keeps silent.
  const isNull = random.chance(SHARE.nullSender) && !recipients.some((one) => BOTH.includes(one))
  return {
    from: isNull ? '' : random.pick(SENDERS),
    to: recipients,
    subject: `Message ${nth}`,
    text: `The meeting number ${nth} is at noon.`,
    ...(random.chance(SHARE.never) ? { notify: ['never' as const] } : {}),
  }
}
