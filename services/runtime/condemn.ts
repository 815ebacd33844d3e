/**
 * How an event that can never be processed ends: one commit in which it is consumed, a dead letter
 * keeps it with the error, and those it was about get an ending.
 *
 * What the machines would have done cannot be known, so nobody asks them. For mail the stores are
 * asked instead (`bury.ts`): what a mailbox holds is delivered, anything else has failed and is
 * reported with its reason, or leaves a dead letter where its sender is null (I1, I3, I4, I9). A
 * request of a move, or a write of the directory, is only put aside: whoever waits for its answer
 * repeats it by timer, and it goes through once what was wrong is mended.
 */
import { UNPROCESSABLE } from '../../machines/codes.ts'
import { kindOf, partsOf } from '../../machines/protocol.ts'
import type { MailEvent } from '../../machines/wire.ts'
import { who } from '../../machines/words.ts'
import { takenOutside } from '../smart-host/kept.ts'
import { asciiJson } from './ascii.ts'
import { addresseesEnd, type Burial, burial, ENDING, entriesEnd, unroutedEnd } from './bury.ts'
import { gatheredEnds, reportEnds } from './bury-reports.ts'
import { siteTime } from './clock.ts'
import { type Client, commit } from './commit.ts'
import { counted } from './counts.ts'
import { base, boxKeyOf, journalChannel, part, shardOf } from './keys.ts'
import { DEAD_LETTERS_MAX, type DeadLetter } from './poison.ts'
import type { ArrivedEvent, JournalRecord } from './port.ts'
import { messageOf, type Queues } from './queues.ts'
import { outboxText, shardOfSender } from './redis-port.ts'
import type { Settings, SettingsStore } from './settings.ts'
import { barred, holds } from './strongbox.ts'
import { timerKeyOf, timerMember } from './timer-names.ts'

export interface Condemning {
  client: Client
  queues: Queues
  settings: SettingsStore
}

/** Somebody else may be changing what is to be ended. */
const RERUNS_MAX = 50

/** Says in words how everybody ended. */
export async function condemn(
  condemning: Condemning,
  event: ArrivedEvent,
  error: Error,
  attempts: number,
): Promise<string[]> {
  for (let rerun = 0; rerun < RERUNS_MAX; rerun++) {
    condemning.settings.forget(event.site)
    const settings = await condemning.settings.get(event.site)
    if (!settings) return [`the site ${event.site} is gone`]
    if (!(await isOpen(condemning.client, settings, event)))
      return ['it has come to its end before']
    const ended = await endingOf(condemning.client, settings, event)
    const said = `given up after ${attempts} attempts: ${error.message}`
    const told = [said, ...ended.words]
    if (!(await write(condemning.client, settings, event, ended, { error, attempts, told })))
      continue
    if (ended.events.length > 0) await condemning.queues.add(settings.site, ended.events)
    return told
  }
  throw new Error(`${event.id} cannot be given up: others were quicker`)
}

/** Consumed by an earlier attempt whose process died before its job was done, it is not. */
async function isOpen(client: Client, settings: Settings, event: MailEvent): Promise<boolean> {
  if (event.timer === undefined) {
    const outbox = part(settings, shardOfSender(settings, event), 'outbox')
    return (await client.hexists(outbox, event.id)) === 1
  }
  const timers = part(settings, shardOf(settings, event.to), 'timers')
  const due = await client.zscore(timers, timerMember(event.to, event.timer, timerKeyOf(event)))
  return due !== null && Number(due) === event.due
}

async function endingOf(client: Client, settings: Settings, event: ArrivedEvent): Promise<Burial> {
  const at = siteTime(settings.clock, Date.now())
  const [id = '', copy = '', key = ''] = partsOf(event.to)
  const grave = () => burial(client, settings, id, at)
  switch (kindOf(event.to)) {
    case 'recipient':
      return entriesEnd(await grave(), copy, [key])
    case 'message':
      if (event.type === 'report.submitted') return reportEnds(await grave(), id)
      if (event.type === 'report.due') return gatheredEnds(await grave(), copy)
      if (event.type === 'copy.transferred') return addresseesEnd(await grave(), copy, event)
      if (event.keys) return entriesEnd(await grave(), copy, event.keys)
      return unroutedEnd(await grave(), copy)
    case 'mailbox':
      return answerEnds(client, settings, event)
    default:
      return nothing(settings, event)
  }
}

const nothing = (settings: Settings, event: MailEvent): Burial => ({
  shard: shardOf(settings, event.to),
  actors: [],
  timers: [],
  commands: [],
  events: [],
  words: [],
})

/**
 * The answer to an offer or a withdrawal, from what the mailbox holds. First the key is barred, and
 * the mailbox's version with it, so that no step that is under way can still take the message.
 */
async function answerEnds(client: Client, settings: Settings, event: MailEvent): Promise<Burial> {
  const { entry, item, attempt = 0 } = event
  const offered = event.type === 'mail.offered'
  if (!entry || !item || (!offered && event.type !== 'offer.withdrawn')) {
    return nothing(settings, event)
  }
  const version = await barred(client, settings, event.to, item.key)
  const outside = await takenOutside(client, settings, item.key, entry)
  const held = outside ?? (await holds(client, boxKeyOf(settings, event.to), item.key))
  const type = held ? 'reply.accepted' : offered ? 'reply.refused' : 'reply.withdrawn'
  const why = 'the mailbox could not process it'
  const alias = event.alias === undefined ? {} : { alias: event.alias }
  const at = siteTime(settings.clock, Date.now())
  const id = `${event.to}.${version}.${ENDING}`
  const answer: MailEvent = { id, to: entry, type, at, attempt, ...alias }
  if (type === 'reply.refused') Object.assign(answer, { code: UNPROCESSABLE, unknown: false, why })
  return { ...nothing(settings, event), events: [answer], words: [`${who(entry)}: ${type}`] }
}

async function write(
  client: Client,
  settings: Settings,
  event: ArrivedEvent,
  ended: Burial,
  { error, attempts, told }: { error: Error; attempts: number; told: string[] },
): Promise<boolean> {
  const { shard } = ended
  const sender = shardOfSender(settings, event)
  const letter: DeadLetter = {
    at: siteTime(settings.clock, Date.now()),
    event,
    message: messageOf(event) ?? null,
    error: error.message,
    attempts,
    endings: ended.words,
  }
  const list = part(settings, shard, 'deadLetters')
  const rung: [string, null][] = event.timer
    ? [[timerMember(event.to, event.timer, timerKeyOf(event)), null]]
    : []
  const committed = await commit(client, {
    base: base(settings, shard),
    epoch: settings.epoch,
    channel: journalChannel(settings.namespace, settings.site),
    actors: ended.actors,
    events: ended.events.map((sent) => [sent.id, outboxText(sent)]),
    consumed: event.timer || sender !== shard ? [] : [event.id],
    timers: [...rung, ...ended.timers],
    journal: [{ text: asciiJson(recordOf(event, letter, ended, told)), message: letter.message }],
    commands: [
      ...ended.commands,
      ['LPUSH', list, asciiJson(letter)],
      ['LTRIM', list, 0, DEAD_LETTERS_MAX - 1],
      counted(settings, shard, 'deadLetters', 1),
    ],
  })
  if (!committed.done) return false
  if (!event.timer && sender !== shard)
    await client.hdel(part(settings, sender, 'outbox'), event.id)
  return true
}

function recordOf(
  event: ArrivedEvent,
  { at, message }: DeadLetter,
  { states }: Burial,
  told: string[],
): JournalRecord {
  const record = { i: event.id, a: at, t: event.to, y: event.type, w: who(event.to), c: told }
  return { ...record, s: states ?? [], ...(message === null ? {} : { m: message }) }
}
