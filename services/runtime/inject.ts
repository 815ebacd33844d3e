/**
 * How events from outside enter: in one Lua call with whatever else must be true at that moment,
 * through an outbox like every other event, then flushed. The API never writes an actor's state.
 */
import { uuidv7 } from 'uuidv7'
import type { EventType } from '../../machines/protocol.ts'
import type { Caller, MailEvent } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import { siteTime } from './clock.ts'
import { type ActorWrite, type Client, commit, type RedisCommand } from './commit.ts'
import { base, part, shardOf } from './keys.ts'
import type { Queues } from './queues.ts'
import { outboxText } from './redis-port.ts'
import type { Settings } from './settings.ts'

export interface Door {
  client: Client
  queues: Queues
  /** The trace context of whoever asks. */
  caller?: Caller
}

export const eventFor = (
  settings: Settings,
  to: string,
  type: EventType,
  payload: Partial<MailEvent> = {},
): MailEvent => ({ ...payload, id: uuidv7(), to, type, at: siteTime(settings.clock, Date.now()) })

/**
 * Writes the commands and the event together, then makes the event's job; it bears the trace
 * context of whoever asks. Throws when the site is gone.
 */
export async function inject(
  door: Door,
  settings: Settings,
  asked: MailEvent,
  commands: RedisCommand[] = [],
): Promise<void> {
  const { caller = door.caller } = asked
  const event = caller ? { ...asked, caller } : asked
  const shard = shardOf(settings, event.to)
  const sent: RedisCommand = ['HSET', part(settings, shard, 'outbox'), event.id, outboxText(event)]
  await writeNow(door.client, settings, shard, [...commands, sent])
  await door.queues.add(settings.site, [event])
}

/** What must not be there yet: a value of a hash, a key. */
export interface New {
  first: ActorWrite
  absent?: string
}

/**
 * Writes whatever the settings are now, but never into a site that is gone; false, and nothing
 * written, when something is there that must not be yet.
 */
export async function writeNow(
  client: Client,
  settings: Settings,
  shard: number,
  commands: RedisCommand[],
  isNew?: New,
): Promise<boolean> {
  for (let { epoch } = settings; ; ) {
    const written = await commit(client, {
      base: base(settings, shard),
      epoch,
      ...(isNew?.absent === undefined ? {} : { absent: isNew.absent }),
      actors: isNew ? [isNew.first] : [],
      events: [],
      consumed: [],
      timers: [],
      journal: [],
      channel: '',
      commands,
    })
    if (written.done) return true
    if (written.why === 'conflict') return false
    const now = await client.get(part(settings, shard, 'epoch'))
    if (now === null) throw problem('unknown-site', `There is no site "${settings.site}" any more.`)
    epoch = Number(now)
  }
}
