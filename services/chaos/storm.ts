/**
 * The storm itself, on a service that is up: a site is made, mail and moves begin, the nemesis does
 * what its plan says, then the site comes to rest and is judged.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROFILES } from '../../machines/profile.ts'
import type { EntryView } from '../runtime/views-of-mail.ts'
import { ask } from './ask.ts'
import { type Judged, judge, ok } from './judge.ts'
import { type Load, type LoadTold, openLoad } from './load.ts'
import { type Movers, openMovers } from './movers.ts'
import { type NemesisTold, unleash } from './nemesis.ts'
import type { Injury, Kind } from './plan.ts'
import type { Part, Victim } from './processes.ts'
import { openPromises, readPromises } from './promises.ts'
import { CLOCK_SCALE, MAILBOXES, PROBES, SERVERS, SITE } from './site.ts'

/** The first calls, while nothing is hurt yet. */
const CALM_WITHIN_MS = 30_000
/** A recovery that takes longer than this is told as this. */
const RECOVERED_WITHIN_MS = 90_000
const PROBE_WAIT = '5s'
const PROBE_WITHIN_MS = 7_000

export interface Weathered {
  judged: Judged
  nemesis: NemesisTold
  load: LoadTold
  /** Moves that completed. */
  moves: number
  /** From the first message until the nemesis was done. */
  tookMs: number
}

export interface Storm {
  options: { seed: number; seconds: number; rate: number; profile: string }
  /** Where the promises are written. */
  folder: string
  plan: readonly Injury[]
  parts: Part[]
  redis: Victim
  log(line: string): void
  say(line: string): void
}

export async function storm(weather: Storm): Promise<Weathered> {
  const { options, folder, plan, parts, redis, log, say } = weather
  const { seed, seconds, rate } = options
  const api = parts.find(({ kind }) => kind === 'api') as Part
  const url = () => api.url as string
  await makeSite(url(), options.profile)
  const file = join(folder, 'promises.jsonl')
  const promises = await openPromises(file)
  const load = openLoad({ seed, rate, url, promises })
  const hasDefect = PROFILES[options.profile]?.defects.includes('Q248839') === true
  const movers = openMovers({ seed, hasDefect, url })
  const begun = Date.now()
  say(`${seconds} s of chaos under ${options.profile}, seed ${seed} ...`)
  const [nemesis] = await Promise.all([
    unleash({
      plan,
      parts,
      redis,
      log,
      recovered: (kind, from) => recovered({ kind, from, url, load, movers }),
    }),
    sleep(1_000 * seconds),
  ])
  const tookMs = Date.now() - begun
  say(`Coming to rest after ${Math.round(tookMs / 1_000)} s ...`)
  await Promise.all([load.end(), movers.end()])
  await promises.close()
  const judged = await judge(url(), await readPromises(file))
  const moves = judged.bundle.journal.steps.filter(({ s }) =>
    s.some(([address, state]) => address.startsWith('move/') && state === 'completed'),
  ).length
  return { judged, nemesis, load: load.told, moves, tookMs }
}

async function makeSite(url: string, profile: string): Promise<void> {
  const site = { name: SITE, profile, servers: SERVERS, mailboxes: MAILBOXES }
  const request = { method: 'POST', withinMs: CALM_WITHIN_MS } as const
  ok('the site', await ask(`${url}/sites`, { ...request, body: site }))
  const clock = { scale: CLOCK_SCALE }
  ok('its clock', await ask(`${url}/sites/${SITE}/clock`, { ...request, body: clock }))
}

interface Recovering {
  kind: Kind
  from: number
  url(): string
  load: Load
  movers: Movers
}

/**
 * When it goes on: mail that is sent after the injury has arrived at each server, and after one to
 * the movers, a move that began then has completed.
 */
async function recovered({ kind, from, url, load, movers }: Recovering): Promise<number | null> {
  const late = sleep(RECOVERED_WITHIN_MS, from + RECOVERED_WITHIN_MS, { ref: false })
  if (kind === 'moves') return Promise.race([movers.completedAfter(from), late])
  const mail = { from: PROBES[0] as string, to: PROBES, subject: 'Is anybody there?', text: '' }
  const sent = load.send(mail)
  return Promise.race([sent.then((id) => (id === null ? null : arrived(url, id, from))), late])
}

async function arrived(url: () => string, id: string, from: number): Promise<number | null> {
  while (Date.now() < from + RECOVERED_WITHIN_MS) {
    const waits = PROBES.map((alias) => {
      const query = `until=settled&timeout=${PROBE_WAIT}`
      const path = `/sites/${SITE}/messages/${id}/recipients/${alias}?${query}`
      type Seen = { reached: boolean; entries: EntryView[] }
      return ask<Seen>(`${url()}${path}`, { withinMs: PROBE_WITHIN_MS })
    })
    const answers = await Promise.all(waits)
    if (answers.every((answer) => answer?.status === 200 && answer.body.reached)) return Date.now()
    // Redis may have forgotten it, where it may forget.
    if (answers.some((answer) => answer?.status === 404)) return null
  }
  return null
}
