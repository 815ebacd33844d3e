/**
 * `undeliverable watch`: a site as it is now, in a terminal; the journal, line by line, elsewhere.
 *
 * The events of the site say when to look again; nothing is drawn more often than a person can see.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Site } from '../client/client.ts'
import type { SiteEvent } from '../client/events.ts'
import { type Command, EXIT, type Place, read, words } from './command.ts'
import { type Picture, pictureLines } from './picture.ts'

/** Between two pictures: quicker than anybody reads. */
const DRAWN_EVERY_MS = 250
/** Without any event something may still have changed: the clock runs. */
const LOOK_EVERY_MS = 1_000
/** More do not fit on a screen. */
const MESSAGES_SHOWN = 8
const COLUMNS = 100
const ROWS = 40

/** Everything that one picture shows. */
export async function pictureOf(site: Site): Promise<Picture> {
  const [about, clock, audit, moves, page] = await Promise.all([
    site.get(),
    site.clock.get(),
    site.audit(),
    site.moves.list(),
    site.messages({ limit: MESSAGES_SHOWN }),
  ])
  const messages = await Promise.all(page.messages.map(({ id }) => site.message(id)))
  return { site: about, clock, audit, moves, messages, total: page.total }
}

function eventLines(event: SiteEvent): string[] {
  if (event.kind === 'gap') return [`… from ${event.from} to ${event.to} is no longer kept`]
  const { at, event: name, changes } = event.entry
  return [`${at}  ${name}  ${changes.join(' · ')}`]
}

/** The journal from now on. */
async function follow({ site, json }: Place, signal: AbortSignal): Promise<void> {
  for await (const event of site.events({ signal })) {
    const lines = json ? [JSON.stringify(event)] : eventLines(event)
    for (const line of lines) process.stdout.write(`${line}\n`)
  }
}

const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
/** A screen of its own, without a cursor; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'

async function draw(site: Site, signal: AbortSignal): Promise<void> {
  let stale = true
  const listening = listen(site, signal, () => {
    stale = true
  })
  let looked = 0
  process.stdout.write(ENTER)
  try {
    while (!signal.aborted) {
      const now = performance.now()
      if (stale || now - looked > LOOK_EVERY_MS) {
        stale = false
        looked = now
        // A terminal may say that it has none.
        const columns = process.stdout.columns || COLUMNS
        const rows = process.stdout.rows || ROWS
        const lines = pictureLines(await pictureOf(site), columns).slice(0, rows - 1)
        process.stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}`)
        process.stdout.write(CLEAR_BELOW)
      }
      await Promise.race([delay(DRAWN_EVERY_MS), listening])
    }
  } finally {
    process.stdout.write(LEAVE)
  }
}

/** Ends with the signal, or throws what kept it from listening. */
async function listen(site: Site, signal: AbortSignal, heard: () => void): Promise<void> {
  for await (const _ of site.events({ signal })) heard()
}

async function run(args: string[]): Promise<number> {
  const { positionals, place } = read(args, {})
  words(positionals, 0, 0, 'watch')
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
  // Whether it is there is said before a screen is taken.
  await place.site.get()
  const live = process.stdout.isTTY === true && !place.json
  await (live ? draw(place.site, ending.signal) : follow(place, ending.signal))
  return EXIT.done
}

export const watch: Command = {
  name: 'watch',
  synopsis: 'watch',
  about: 'recipients and their states, moves, the ledger, as they change',
  options: [],
  run,
}
