/**
 * From a row of the truth table to a scenario that brings it about.
 *
 * The factors say what is true of an entry; here each factor has one deterministic driver, and no
 * clock that runs:
 *
 *   deferred by the move     the first offer starts the move; it is held until the source is locked
 *   deferred by the store    a fault rule defers the first offer
 *   unknown                  the move completes with the clock stopped, so the MTA's entry is still
 *                            young, and wrong; without a deferral an earlier message has put that
 *                            entry into the cache
 *   found, after a deferral  the move is cancelled: the mailbox stays where the cache says
 *   fresh                    the entry grows older than 60 s before the move goes on (Q178534)
 *   expired                  the move stays at `locked` until the message, an urgent one, expired
 *   the alternate's state    fault rules hold, defer or refuse its offers; on the other server it
 *                            is only transferred
 *
 * Pure: a row in, a scenario out. The expectations come from the row's endings, never from the
 * drivers.
 */

import { GATHERING_MS } from '../../machines/retry.ts'
import type { Scenario } from './format.ts'
import { readScenario } from './load.ts'
import { expectationsOf } from './row-expectations.ts'
import { COLUMNS, type Factors, type Row, rowName } from './table.ts'

type Data = Record<string, unknown>

/** Longer than the entry latency of the directory cache, 60 s (Q178534). */
const OLDER_THAN_ENTRIES = '61s'
/** Shorter than the alternates' latency of ten minutes (Q176647), longer than that of entries. */
const YOUNGER_THAN_ALTERNATES = '5m'
/** Longer than the expiry of an urgent message, 2 days (Q178539). */
const LONGER_THAN_EXPIRY = '3d'
/** As long as reports are gathered while another recipient may still fail. */
const GATHERED = `${GATHERING_MS}ms`
/** Younger than the entry latency when the retry comes. */
const JUST_BEFORE = '30s'

const offer = (mailbox: string): Data => ({ event: 'mail.offered', mailbox })
const heldAlternate = (factors: Factors): boolean =>
  factors.redirected === 'queued' || factors.redirected === 'transferred'
const movedAlias = (factors: Factors): string => (factors.moved === 'alternate' ? 'bob' : 'anna')
/** The entry whose last attempt the row is about. */
const subject = (factors: Factors): string =>
  factors.moved === 'alternate' ? 'bob redirected' : 'anna own'

function mailboxesOf(factors: Factors): Data[] {
  const remote = factors.redirected.startsWith('transferred')
  const alternate = factors.alternate
    ? { alternateRecipient: 'bob', deliverToBoth: factors.both }
    : {}
  return [
    { alias: 'anna', server: 'nyc', ...alternate },
    { alias: 'bob', server: remote ? 'lon' : 'nyc' },
    { alias: 'carol', server: 'nyc' },
    { alias: 'dave', server: 'lon' },
    { alias: 'erin', server: 'nyc' },
  ]
}

const moveOnOffer = (alias: string): Data => ({
  match: offer(alias),
  when: { first: 1 },
  do: { move: { mailbox: alias, to: 'lon', holdAt: 'locked' }, holdUntil: 'locked' },
})

/** The rules that make the alternate what the row says it is. */
function alternateFault(factors: Factors): Record<string, Data> {
  const match = offer('bob')
  if (factors.moved === 'alternate') return {}
  if (heldAlternate(factors)) {
    const when = factors.directToo ? { when: { nth: 2 } } : {}
    return { alternate: { match, ...when, do: { hold: true } } }
  }
  if (factors.redirected === 'deferred') return { alternate: { match, do: { defer: true } } }
  if (factors.redirected.endsWith('failed')) {
    return { alternate: { match, do: { refuse: { reason: 1, diagnostic: 7 } } } }
  }
  return {}
}

function faultsOf(factors: Factors): Record<string, Data> {
  const faults: Record<string, Data> = { ...alternateFault(factors) }
  if (factors.deferred === 'by the move') faults.move = moveOnOffer(movedAlias(factors))
  if (factors.deferred === 'by the store') {
    faults.defer = { match: offer('anna'), when: { first: 1 }, do: { defer: true } }
  }
  if (factors.deferred === 'no' && factors.redirected === 'delivered') {
    faults.primary = { match: offer('anna'), do: { hold: true } }
  }
  if (factors.deleted) {
    faults.retry = { match: { ...offer('anna'), attempt: 2 }, do: { hold: true } }
  }
  if (factors.moreRecipients) faults.other = moveOnOffer('erin')
  return faults
}

const wait = (entry: string, until: string): Data => ({
  wait: { entry, until, message: 'letter' },
})

function warmUp(as: string): Data[] {
  return [
    { send: { as, from: 'carol', to: ['anna'], background: true } },
    { wait: { entry: 'anna own', message: as, until: 'settled' } },
  ]
}

/** What has happened before the letter is sent. */
function before(factors: Factors): Data[] {
  if (factors.alternateRemoved) {
    return [
      ...warmUp('earlier'),
      { put: { alias: 'anna', server: 'nyc', alternateRecipient: null, replicate: 'now' } },
      { advance: { by: YOUNGER_THAN_ALTERNATES } },
    ]
  }
  if (factors.deferred === 'no' && factors.lastAttempt === 'unknown') {
    return [
      ...warmUp('earlier'),
      { move: { mailbox: 'anna', to: 'lon' } },
      { wait: { move: 'anna', until: 'completed' } },
    ]
  }
  return []
}

function letter(factors: Factors): Data {
  const to = factors.directToo ? ['bob', 'anna'] : ['anna']
  return {
    send: {
      as: 'letter',
      from: factors.nullSender ? '' : 'carol',
      to: factors.moreRecipients ? [...to, 'erin', 'dave'] : to,
      server: 'nyc',
      ...(factors.notifyNever ? { notify: ['never'] } : {}),
      ...(factors.lastAttempt === 'expired' ? { priority: 'urgent' } : {}),
    },
  }
}

/** Waits until the redirected entry is what the row says it is at the last attempt. */
function alternateReady(factors: Factors): Data[] {
  if (factors.moved === 'alternate') return [wait('anna own', 'delivered')]
  switch (factors.redirected) {
    case 'delivered':
      return [wait('bob redirected', 'delivered')]
    case 'deferred':
      return [wait('bob redirected', 'deferred')]
    case 'failed':
    case 'transferred, then failed':
      return [wait('bob redirected', 'settled')]
    case 'queued':
    case 'transferred':
      return [{ wait: { fault: 'alternate', until: 'holding' } }]
    default:
      return []
  }
}

const release = (alias: string): Data[] => [
  { release: { move: alias } },
  { wait: { move: alias, until: 'completed' } },
]

/** The last attempt of an entry that was deferred by a move that is held at `locked`. */
function lastAttempt(factors: Factors): Data[] {
  const moved = movedAlias(factors)
  switch (factors.lastAttempt) {
    case 'found':
      return [{ cancel: { move: moved } }, { wait: { move: moved, until: 'rolledBack' } }]
    case 'fresh':
      return [{ advance: { by: OLDER_THAN_ENTRIES } }, ...release(moved)]
    case 'expired':
      return [
        { advance: { by: LONGER_THAN_EXPIRY } },
        wait(subject(factors), 'settled'),
        ...release(moved),
      ]
    default:
      if (!factors.deleted) return release(moved)
      return [
        ...release(moved),
        { wait: { fault: 'retry', until: 'holding' } },
        { deleteMailbox: { mailbox: 'anna' } },
        { lift: { fault: 'retry' } },
      ]
  }
}

function deferral(factors: Factors): Data[] {
  if (factors.deferred === 'by the move') {
    const others = factors.moreRecipients ? [wait('erin own', 'deferred'), ...release('erin')] : []
    const ready = alternateReady(factors)
    return [wait(subject(factors), 'deferred'), ...ready, ...others, ...lastAttempt(factors)]
  }
  if (factors.deferred === 'by the store') {
    return [
      wait('anna own', 'deferred'),
      ...alternateReady(factors),
      { advance: { beforeRetryOf: 'anna own', less: JUST_BEFORE, message: 'letter' } },
      ...warmUp('earlier'),
      { move: { mailbox: 'anna', to: 'lon' } },
      { wait: { move: 'anna', until: 'completed' } },
      { advance: { by: JUST_BEFORE } },
    ]
  }
  const primary = 'primary' in faultsOf(factors) ? [{ lift: { fault: 'primary' } }] : []
  return [...alternateReady(factors), ...primary]
}

function stepsOf(factors: Factors): Data[] {
  const lifted = heldAlternate(factors) || factors.redirected === 'deferred'
  const ownFirst = lifted && factors.moved !== 'alternate'
  return [
    ...before(factors),
    ...Object.keys(faultsOf(factors)).map((fault) => ({ arm: { fault } })),
    letter(factors),
    ...deferral(factors),
    ...(factors.directToo ? [{ advance: { by: GATHERED } }] : []),
    wait(factors.moved === 'alternate' ? 'bob redirected' : 'anna own', 'settled'),
    ...(ownFirst ? [{ lift: { fault: 'alternate' } }] : []),
    { advance: { until: 'idle' } },
  ]
}

/**
 * The scenario of a row; throws a `DataError` if the row asks for something that cannot be brought
 * about.
 */
export function scenarioOf(row: Row): Scenario {
  const name = rowName(row)
  const data = {
    name,
    title: row.title,
    source: ['Q248839'],
    basis: [row.basis],
    profiles: [...COLUMNS],
    site: { servers: ['nyc', 'lon'], mailboxes: mailboxesOf(row.factors) },
    faults: faultsOf(row.factors),
    steps: stepsOf(row.factors),
    expect: COLUMNS.map((column) => expectationsOf(row, column)),
  }
  return readScenario(data, name)
}
