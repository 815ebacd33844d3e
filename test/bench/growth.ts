/**
 * `bench -- growth`: what must not grow.
 *
 * The time of a delivery into a mailbox with many messages beside that into an empty one, taken in
 * turns; and the time that a recipient costs among 10,000 beside that among 50, under load.
 */
import { drive, inFlightOf, percentile, perSecond, round } from './load.ts'
import type { Options } from './options.ts'
import { fill } from './seed.ts'
import type { Service } from './service.ts'
import { type BenchSite, openSite, seenMs } from './site.ts'
import { table } from './table.ts'

export interface Growth {
  mailbox: { messages: number; emptyP50Ms: number; fullP50Ms: number; ratio: number }
  recipients: { few: number; many: number; fewMs: number; manyMs: number; ratio: number }
}

const EMPTY = 'm1'
const FULL = 'm2'
const DELIVERIES = 200
const FEW = 50
const MANY = 10_000

export async function benchGrowth(service: Service, options: Options): Promise<Growth> {
  const { messages, seconds } = options
  const site = await openSite(service, MANY)
  const forMs = seconds * 1_000
  const fewMs = await recipientMs(site, FEW, forMs)
  const manyMs = await recipientMs(site, MANY, forMs)
  console.error(`filling a mailbox with ${messages} messages ...`)
  await fill(service, site, FULL, messages)
  const mailbox = await mailboxes(site, messages)
  await site.close()
  return {
    mailbox,
    recipients: {
      ...{ few: FEW, many: MANY, fewMs: round(fewMs, 3), manyMs: round(manyMs, 3) },
      ratio: round(manyMs / fewMs, 2),
    },
  }
}

async function mailboxes(site: BenchSite, messages: number): Promise<Growth['mailbox']> {
  const empty: number[] = []
  const full: number[] = []
  for (let i = 0; i < DELIVERIES; i++) {
    empty.push(seenMs(await site.deliverTo([EMPTY])))
    full.push(seenMs(await site.deliverTo([FULL])))
  }
  const [emptyP50Ms, fullP50Ms] = [percentile(empty, 50), percentile(full, 50)]
  return {
    ...{ messages, emptyP50Ms: round(emptyP50Ms), fullP50Ms: round(fullP50Ms) },
    ratio: round(fullP50Ms / emptyP50Ms, 2),
  }
}

/** Of one recipient, under load, after a first message that fills the caches. */
async function recipientMs(site: BenchSite, recipients: number, forMs: number): Promise<number> {
  console.error(`${recipients} recipients ...`)
  await site.deliver(recipients)
  site.follower.underLoad(true)
  const load = { inFlight: inFlightOf(recipients), forMs }
  const done = await drive(load, async () => {
    await site.deliver(recipients)
  })
  site.follower.underLoad(false)
  return 1_000 / (perSecond([done]) * recipients)
}

export function growthText({ mailbox, recipients }: Growth): string {
  const { few, many, fewMs, manyMs } = recipients
  return table(
    ['', 'small', 'large', 'ratio'],
    [
      [
        `delivery into a mailbox of 0, ${mailbox.messages} messages`,
        ...[`${mailbox.emptyP50Ms} ms`, `${mailbox.fullP50Ms} ms`, mailbox.ratio],
      ],
      [`a recipient among ${few}, ${many}`, ...[`${fewMs} ms`, `${manyMs} ms`, recipients.ratio]],
    ],
  )
}
