/**
 * Moves that never stop: two administrators, each of whom moves one mailbox after the other, and
 * now and then takes a move back.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../check/simulate/random.ts'
import type { MoveView } from '../runtime/views-of-driving.ts'
import { ask } from './ask.ts'
import { moveOf, SITE } from './site.ts'

export interface Movers {
  /** When a move has completed that was begun after this time; null when the movers have ended. */
  completedAfter(at: number): Promise<number | null>
  end(): Promise<void>
}

export interface MoverOptions {
  seed: number
  /** The profile has the defect of the article. */
  hasDefect: boolean
  url(): string
}

const MOVERS = 2
const STREAM = 3
const CANCELLED_SHARE = 0.15
/** The API waits 5 s for a move to begin before it answers. */
const ANSWER_WITHIN_MS = 8_000
const LOOK_AGAIN_MS = 100
/** Until another mailbox is tried. */
const PAUSE_MS = 150
/** A move takes a fraction of a second; one that waits for dead processes, until they are back. */
const PATIENCE_MS = 60_000

interface State {
  going: boolean
  waiting: Set<{ after: number; resolve(at: number | null): void }>
}

export function openMovers(options: MoverOptions): Movers {
  const state: State = { going: true, waiting: new Set() }
  const movers = Array.from({ length: MOVERS }, async (_, index) => {
    const random = new Random().begin(options.seed, STREAM, index)
    while (state.going) {
      await moveOne(options, state, random)
      await sleep(PAUSE_MS)
    }
  })
  return {
    completedAfter: (after) =>
      new Promise((resolve) => {
        if (state.going) state.waiting.add({ after, resolve })
        else resolve(null)
      }),
    async end() {
      state.going = false
      await Promise.all(movers)
      for (const { resolve } of state.waiting) resolve(null)
    },
  }
}

async function moveOne(
  { url, hasDefect }: MoverOptions,
  state: State,
  random: Random,
): Promise<void> {
  const begun = Date.now()
  const moves = `${url()}/sites/${SITE}/moves`
  const body = moveOf(random, hasDefect)
  const post = { method: 'POST', withinMs: ANSWER_WITHIN_MS } as const
  const started = await ask<MoveView>(moves, { ...post, body })
  // It moves already, or is there already; or nobody said anything, and it may have begun.
  if (started?.status !== 201) return
  const { id } = started.body
  if (random.chance(CANCELLED_SHARE)) await ask(`${moves}/${id}/cancel`, { ...post, body: {} })
  while (Date.now() < begun + PATIENCE_MS) {
    const seen = await ask<MoveView>(`${moves}/${id}`, { withinMs: ANSWER_WITHIN_MS })
    if (seen?.status === 404) return
    if (seen?.status === 200 && seen.body.state !== 'running') {
      if (seen.body.state === 'completed') completed(state, begun)
      return
    }
    await sleep(LOOK_AGAIN_MS)
  }
}

function completed({ waiting }: State, begun: number): void {
  for (const one of waiting) {
    if (begun < one.after) continue
    waiting.delete(one)
    one.resolve(Date.now())
  }
}
