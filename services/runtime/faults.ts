/**
 * Fault rules: match × when × do.
 *
 * Whether a rule hits an event is decided once for each event and remembered, so that an event that
 * is seen again is treated again in the same way, and a hit is counted once. A probability is a
 * hash of seed, rule and event. What a rule orders is an input to the step (say "defer", believe
 * the cache, say nothing); it never writes a state.
 */
import { type Address, kindOf, partsOf, serverOf } from '../../machines/protocol.ts'
import type { MailEvent, Stored } from '../../machines/wire.ts'
import { phaseName } from '../../machines/words.ts'
import type { Client } from './commit.ts'
import { part } from './keys.ts'
import type { FaultRule, Settings } from './settings.ts'
import type { FaultSpec } from './views-of-driving.ts'

/** Decides once: KEYS rule's hash; ARGV event, mode, figure, site time, span of the rate. */
const DECIDE = `
local known = redis.call('HGET', KEYS[1], 'e:' .. ARGV[1])
if known then return known end
local seen = redis.call('HINCRBY', KEYS[1], 'seen', 1)
local hit = 0
local mode = ARGV[2]
if mode == 'always' then hit = 1
elseif mode == 'nth' then if seen == tonumber(ARGV[3]) then hit = 1 end
elseif mode == 'first' then if seen <= tonumber(ARGV[3]) then hit = 1 end
elseif mode == 'decided' then hit = tonumber(ARGV[3])
elseif mode == 'rate' then
  local last = tonumber(redis.call('HGET', KEYS[1], 'last') or '-1')
  if last < 0 or tonumber(ARGV[4]) - last >= 1000 / tonumber(ARGV[3]) then
    hit = 1
    redis.call('HSET', KEYS[1], 'last', ARGV[4])
  end
end
local decision = hit == 1 and 'hit' or 'miss'
redis.call('HSET', KEYS[1], 'e:' .. ARGV[1], decision)
if hit == 1 then redis.call('HINCRBY', KEYS[1], 'hits', 1) end
return decision
`

interface WithDecide {
  undeliverableDecide(...args: (string | number)[]): Promise<string>
}

export function withDecide(client: Client): Client {
  client.defineCommand('undeliverableDecide', { numberOfKeys: 1, lua: DECIDE })
  return client
}

/**
 * What a decision is remembered by. An alarm that is made again, because the settings changed or
 * somebody cleaned it away, is another job for the same ringing of the same timer.
 */
export const decisionKey = ({ id, to, timer, version, due }: MailEvent): string =>
  timer === undefined ? id : `${to}.${timer}${version ?? ''}.${due}`

export const faultKey = (settings: Settings, id: string): string =>
  `${part(settings, 0, 'faults')}:${id}`

/** The rule has done to this event what it does once: seen again, the event is let pass. */
export async function spend(
  client: Client,
  settings: Settings,
  rule: string,
  event: MailEvent,
): Promise<void> {
  await client.hset(faultKey(settings, rule), `e:${decisionKey(event)}`, SPENT)
}

export const SPENT = 'spent'

/** The rules that hit this event, in the order in which they were made. */
export async function hits(
  client: Client,
  settings: Settings,
  event: MailEvent,
  actor: Stored | undefined,
  at: number,
): Promise<{ rule: FaultRule; decision: string }[]> {
  const found: { rule: FaultRule; decision: string }[] = []
  for (const rule of settings.faults) {
    if (!matches(rule.match ?? {}, event, actor)) continue
    const decision = await decide(client, settings, rule, event, at)
    if (decision !== 'miss') found.push({ rule, decision })
  }
  return found
}

async function decide(
  client: Client,
  settings: Settings,
  rule: FaultRule,
  event: MailEvent,
  at: number,
): Promise<string> {
  const [mode, figure] = modeOf(rule, event, at)
  const decide = client as unknown as WithDecide
  const key = faultKey(settings, rule.id)
  return decide.undeliverableDecide(key, decisionKey(event), mode, figure, at)
}

function modeOf(rule: FaultRule, event: MailEvent, at: number): [string, number] {
  const when = rule.when ?? 'always'
  if (when === 'always') return ['always', 0]
  if ('nth' in when) return ['nth', when.nth]
  if ('first' in when) return ['first', when.first]
  if ('rate' in when) return ['rate', when.rate]
  if ('probability' in when) {
    const chance = unit(`${when.seed}|${rule.id}|${decisionKey(event)}`)
    return ['decided', chance < when.probability ? 1 : 0]
  }
  const from = when.from === undefined ? Number.NEGATIVE_INFINITY : instant(when.from)
  const until = when.until === undefined ? Number.POSITIVE_INFINITY : instant(when.until)
  return ['decided', at >= from && at < until ? 1 : 0]
}

const instant = (value: string | number): number =>
  typeof value === 'number' ? value : Date.parse(value)

/** A number in [0, 1) from a text: two rounds of FNV-1a with a finishing mix. */
export function unit(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

export function matches(
  match: NonNullable<FaultSpec['match']>,
  event: MailEvent,
  actor: Stored | undefined,
): boolean {
  return (
    (match.event === undefined || match.event === event.type) &&
    (match.kind === undefined || match.kind === kindOf(event.to)) &&
    (match.server === undefined || match.server === serverOfActor(event.to)) &&
    (match.mailbox === undefined || mailboxesOf(event, actor).includes(match.mailbox)) &&
    (match.message === undefined || match.message === messageId(event)) &&
    (match.recipient === undefined || recipientsOf(event, actor).includes(match.recipient)) &&
    (match.phase === undefined || match.phase === phaseOf(event, actor)) &&
    (match.attempt === undefined || match.attempt === attemptOf(event, actor))
  )
}

function serverOfActor(address: Address): string {
  const [first = '', second = ''] = partsOf(address)
  const kind = kindOf(address)
  if (kind === 'mailbox' || kind === 'directory') return first
  return kind === 'move' ? '' : serverOf(second)
}

function messageId(event: MailEvent): string | undefined {
  const kind = kindOf(event.to)
  const ofCopy = kind === 'message' || kind === 'recipient' || kind === 'slot'
  return ofCopy ? partsOf(event.to)[0] : event.item?.key
}

/** The mailbox by its alias, or by its id. */
function mailboxesOf(event: MailEvent, actor: Stored | undefined): (string | undefined)[] {
  const kind = kindOf(event.to)
  const second = kind === 'mailbox' || kind === 'directory' ? partsOf(event.to)[1] : undefined
  const move = event.move ?? actor?.a.move
  return [second, event.alias, move?.alias, move?.mailbox, actor?.a.mailbox]
}

function recipientsOf(event: MailEvent, actor: Stored | undefined): (string | undefined)[] {
  const entry = actor?.a.entry
  const carried = (event.entries ?? []).flatMap(({ address, original }) => [address, original])
  return [event.alias, event.original, entry?.address, entry?.original, ...carried]
}

const phaseOf = (event: MailEvent, actor: Stored | undefined): string | undefined =>
  event.phase ?? (kindOf(event.to) === 'move' && actor ? phaseName(actor.s) : undefined)

const attemptOf = (event: MailEvent, actor: Stored | undefined): number | undefined =>
  event.attempt ?? (actor?.c.attempts as number | undefined)
