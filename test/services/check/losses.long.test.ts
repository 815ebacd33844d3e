/**
 * Mail under load to mailboxes that move, on one shard and on four: every loss is the published
 * one, entry by entry, and nobody is lost without the defect. The journal conforms, and becomes a
 * schedule that ends in the same way.
 */
import { expect, test } from 'vitest'
import { conform } from '../../../services/check/conform/conform.ts'
import { homeOf } from '../../../services/check/home/home.ts'
import type { Emulator } from '../../../services/runtime/emulator.ts'
import { openEmulator } from '../../../services/runtime/live.ts'
import type { Bundle, BundleStep } from '../../../services/runtime/views-of-bundle.ts'
import type { LedgerEntry } from '../../../services/runtime/views-of-driving.ts'
import { startWorkers } from '../../../services/workers.ts'
import { freshConnection } from '../../support/redis.ts'
import { ALL_ROLES, FLAWLESS, total } from '../../support/site.ts'
import { ALL } from './conform-site.ts'
import { counted, ledgerOf } from './ends.ts'

const SITE = 'load'
const MESSAGES = 300
const MOVES = 24
const IN_FLIGHT = 20

/** Every other one has the next one as its alternate recipient, and both get its mail. */
const MAILBOXES = Array.from({ length: 10 }, (_, i) => ({
  alias: `m${i}`,
  server: i % 4 < 2 ? 'nyc' : 'lon',
  ...(i % 2 === 0 ? { alternateRecipient: `m${i + 1}`, deliverToBoth: true } : {}),
}))
const alias = (i: number): string => MAILBOXES[i % MAILBOXES.length]?.alias as string

async function loaded(profile: string, shards: number): Promise<Bundle> {
  const connection = { ...freshConnection(), shards }
  const emulator = await openEmulator(connection, { lagMs: Number.POSITIVE_INFINITY })
  const workers = await startWorkers(connection, { roles: [...ALL_ROLES] })
  try {
    const servers = ['nyc', 'lon']
    await emulator.createSite({ name: SITE, profile, servers, mailboxes: MAILBOXES })
    await Promise.all([...Array.from({ length: IN_FLIGHT }, sendOn(emulator)), moveOn(emulator)])
    await emulator.advance(SITE, { until: 'idle' })
    return await emulator.bundle(SITE, ALL)
  } finally {
    await workers.close()
    await emulator.close()
  }
}

function sendOn(emulator: Emulator): () => Promise<void> {
  let sent = 0
  return async () => {
    for (let i = sent++; i < MESSAGES; i = sent++) {
      const to = [alias(i), alias(i * 7 + 3)]
      await emulator.accept(SITE, { from: alias(i * 3), to, subject: `${i}`, text: 'At noon.' })
    }
  }
}

/** Those with an alternate recipient move to and fro, one at a time, for as long as mail comes. */
async function moveOn(emulator: Emulator): Promise<void> {
  for (let i = 0; i < MOVES; i++) {
    const mailbox = alias(i * 2)
    const { server } = await emulator.mailbox(SITE, mailbox)
    const { id } = await emulator.startMove(SITE, { mailbox, to: server === 'nyc' ? 'lon' : 'nyc' })
    const state = async () => (await emulator.move(SITE, id)).state
    await expect.poll(state, { timeout: 60_000, interval: 5 }).not.toBe('running')
  }
}

/** Which of the conditions of the published loss the journal does not show for this entry. */
function conditionsMissed({ accepted, journal }: Bundle, lost: LedgerEntry): string[] {
  const { message, number, branch } = lost
  const record = accepted.messages
    .find(({ header }) => header.id === message)
    ?.recipients.find((one) => one.number === number)
  const steps = journal.steps.filter(({ m }) => m === message)
  const failing = steps.findIndex((step) => step.c.some((line) => line.includes('absorbed')))
  const step = steps[failing] as BundleStep | undefined
  const states = (key: RegExp) =>
    steps.slice(0, failing + 1).flatMap(({ s }) =>
      s.flatMap(([address, state]) => {
        const [kind, , , entry = ''] = address.split('/')
        return kind === 'recipient' && key.test(entry) ? [state] : []
      }),
    )
  const mine = states(new RegExp(branch === 'own' ? `^${number}$` : `^${number}r`))
  const other = states(new RegExp(branch === 'own' ? `^${number}r` : `^${number}$`))
  const conditions = {
    'an alternate, and both': other.length > 0,
    'an attempt was deferred': mine.includes('deferred'),
    'the other is discharged': ['delivered', 'transferred'].includes(other.at(-1) ?? ''),
    'refused as unknown': step?.y === 'reply.refused' && mine.at(-1) === 'failed',
    'a report is owed': record?.wanted === true,
  }
  return Object.entries(conditions).flatMap(([name, holds]) => (holds ? [] : [name]))
}

test.each([
  ['exchange-5.5-sp3', 1, true],
  ['exchange-5.5-sp3', 4, true],
  ['exchange-5.5-sp4', 4, false],
  ['modern', 4, false],
])('%s on %i shards', { timeout: 300_000 }, async (profile, shards, losing) => {
  const bundle = await loaded(profile, shards)
  const { audit } = bundle
  expect(bundle.journal.shards).toBe(shards)
  expect(total(audit)).toBe(audit.obligations)
  expect({ ...audit, lost: [] }).toMatchObject({
    ...FLAWLESS,
    atRest: true,
    accepted: 2 * MESSAGES,
  })
  const missed = audit.lost.map((entry) => ({ entry, missed: conditionsMissed(bundle, entry) }))
  expect(missed.filter((one) => one.missed.length > 0)).toEqual([])
  if (!losing) expect(audit.lost).toEqual([])
  console.log(`${profile}, ${shards} shards: ${audit.lost.length} of ${audit.obligations} lost`)
  expect(conform(bundle)).toMatchObject({ conforms: true, failure: null })
  const { redirected: _, ...ends } = counted(homeOf(bundle, 'it').schedule.outcomes)
  expect(ends).toEqual(ledgerOf(bundle))
})
