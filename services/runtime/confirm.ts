/**
 * The last word before a 202: the acknowledgement of the disk, or of replicas, that the mode asks
 * for where the server answers before it has it.
 *
 * One wait serves all messages of a shard that gathered while the one before it was under way.
 * It is asked on a connection of its own, which it blocks: first whether the messages are there
 * (Redis may have been started again without them, or another master may have taken over), then
 * for everything that this server has written so far, marked by a write of our own. No answer in
 * time, or too few of them, is a 503: the message may be there, so the request is repeated with
 * its Idempotency-Key.
 */
import { problem } from '../errors.ts'
import { assureOrRefuse } from '../redis/check.ts'
import type { Connection } from '../redis/connect.ts'
import { type Assurance, type Facts, readFacts } from '../redis/durability.ts'
import type { Client } from './commit.ts'
import { base, messageKey, shardOfMessage } from './keys.ts'
import type { Settings } from './settings.ts'
import { gathering } from './together.ts'

/** A disk that writes once a second, or a replica that was busy, has answered by then. */
export const CONFIRM_WITHIN_MS = 5_000

export interface Confirmation {
  assurance: Assurance
  facts: Facts
  /**
   * Resolves when the message is kept as the mode asks for; throws `unavailable` when it is not.
   */
  confirm(settings: Settings, id: string): Promise<void>
  close(): void
}

/** Throws when this Redis cannot keep the mode. */
export async function openConfirmation(
  connection: Connection,
  client: Client,
  withinMs = CONFIRM_WITHIN_MS,
): Promise<Confirmation> {
  const facts = await readFacts(client)
  const assurance = assureOrRefuse(connection, facts)
  const nothing = { assurance, facts, confirm: async () => undefined, close: () => undefined }
  if (!assurance.disk && assurance.replicas === 0) return nothing
  const waiting = connection.client() as Client
  const gathered = gathering<Asked, void>(
    () => true,
    async (asked) => {
      const done = await wait(waiting, assurance, asked, withinMs)
      return done.map((kept) =>
        kept
          ? { status: 'fulfilled', value: undefined }
          : { status: 'rejected', reason: notConfirmed(assurance, withinMs) },
      )
    },
  )
  return {
    assurance,
    facts,
    confirm: (settings, id) => {
      const shard = base(settings, shardOfMessage(settings, id))
      return gathered.take(shard, { shard, key: messageKey(settings, id) })
    },
    close: () => waiting.disconnect(),
  }
}

interface Asked {
  shard: string
  key: string
}

const notConfirmed = ({ disk, replicas }: Assurance, withinMs: number) => {
  const who = [disk ? 'its disk' : '', replicas > 0 ? `${replicas} of its replicas` : '']
  const whom = who.filter((text) => text !== '').join(' and ')
  return problem('unavailable', `Redis has no word from ${whom} within ${withinMs} ms.`)
}

/** Of each message: it was there, and what was there then is acknowledged. */
async function wait(
  client: Client,
  { disk, replicas }: Assurance,
  asked: Asked[],
  withinMs: number,
): Promise<boolean[]> {
  const mark = `${(asked[0] as Asked).shard}:confirmed`
  const pipeline = client.pipeline()
  for (const { key } of asked) pipeline.exists(key)
  pipeline.set(mark, Date.now())
  if (disk) pipeline.call('WAITAOF', 1, 0, withinMs)
  if (replicas > 0) pipeline.wait(replicas, withinMs)
  const answers = await inTime(pipeline.exec(), 2 * withinMs)
  if (answers === null) return asked.map(() => false)
  for (const [error] of answers) if (error) throw error
  const values = answers.map(([, value]) => value)
  const written = !disk || (values[asked.length + 1] as [number, number])[0] === 1
  const copied = replicas === 0 || Number(values.at(-1)) >= replicas
  return asked.map((_, i) => values[i] === 1 && written && copied)
}

/** A Redis that has gone away does not answer at all. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const timer = { id: undefined as NodeJS.Timeout | undefined }
  const late = new Promise<null>((resolve) => {
    timer.id = setTimeout(() => resolve(null), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer.id)
  }
}
