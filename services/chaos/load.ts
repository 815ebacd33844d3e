/**
 * Clients that send mail as the standards ask of them: what is answered 202 is written down, and
 * what is not answered is repeated with the same Idempotency-Key until it is. One that lost its
 * patience asks again when all is over: its message may be there, and nobody would know whose.
 *
 * Now and then a request that was answered is repeated too: it must be given the same message.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../check/simulate/random.ts'
import type { Accepted, Submission } from '../runtime/views-of-mail.ts'
import { type Answer, ask, wordsOf } from './ask.ts'
import type { Promises } from './promises.ts'
import { mailOf, SITE } from './site.ts'

export interface LoadOptions {
  seed: number
  /** Messages a second at most. */
  rate: number
  url(): string
  promises: Promises
  /** Replaced in tests by a shorter one. */
  patienceMs?: number
}

export interface Load {
  /** Sends one message besides; answers with its id, or null when it was never accepted. */
  send(submission: Submission): Promise<string | null>
  /**
   * No further messages; resolves when each that was begun has its answer. All injuries are over.
   */
  end(): Promise<void>
  told: LoadTold
}

export interface LoadTold {
  /** Requests that were answered 202, repetitions included. */
  answered: number
  /** Requests to which no answer came, and those that were put off (503, 504). */
  unanswered: number
  putOff: number
  /** Requests that were answered before, and were repeated for their answer. */
  repeated: number
  /** Answers that no client should have got, in words. */
  wrong: string[]
}

/** So many requests are under way at a time. */
const CLIENTS = 12
/** A request that takes longer is given up and repeated: a client that has other work to do. */
const ANSWER_WITHIN_MS = 3_000
/** The longest that the service may be out of reach, stops and cuts together. */
const PATIENCE_MS = 120_000
const REPEAT_AFTER_MS = { least: 50, most: 500 }
/** So many answered requests are repeated once more, within this. */
const REPEATED_SHARE = 0.15
const REPEATED_WITHIN_MS = 4_000
/** Told in full; more of them say nothing new. */
const WRONG_MOST = 20

/** Each a stream of chance of its own. */
const STREAM = { mail: 1, manners: 2 }

interface Letter {
  submission: Submission
  key: string
  random: Random
}

export function openLoad(options: LoadOptions): Load {
  const told: LoadTold = { answered: 0, unanswered: 0, putOff: 0, repeated: 0, wrong: [] }
  const givenUp: Letter[] = []
  const underWay = new Set<Promise<unknown>>()
  let going = true
  let number = 0
  const begin = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work)
    const done = () => void underWay.delete(work)
    work.then(done, done)
    return work
  }
  const send = (submission: Submission): Promise<string | null> => {
    number += 1
    const random = new Random().begin(options.seed, STREAM.manners, number)
    const letter = { submission, key: `chaos-${options.seed}-${number}`, random }
    return begin(
      deliver(options, told, letter, begin).then((id) => {
        if (id === null) givenUp.push(letter)
        return id
      }),
    )
  }
  const pace = CLIENTS / options.rate
  const client = async (index: number): Promise<void> => {
    await sleep((1_000 * pace * index) / CLIENTS)
    while (going) {
      const due = Date.now() + 1_000 * pace
      const random = new Random().begin(options.seed, STREAM.mail, number)
      await send(mailOf(random, number))
      await sleep(Math.max(0, due - Date.now()))
    }
  }
  const clients = Array.from({ length: CLIENTS }, (_, index) => client(index))
  return {
    send,
    told,
    async end() {
      going = false
      await Promise.all(clients)
      while (underWay.size > 0) await Promise.all(underWay)
      await Promise.all(givenUp.map((letter) => accepted(options, told, letter)))
    },
  }
}

type Begin = <T>(work: Promise<T>) => Promise<T>

async function deliver(
  options: LoadOptions,
  told: LoadTold,
  letter: Letter,
  begin: Begin,
): Promise<string | null> {
  const { random } = letter
  const id = await accepted(options, told, letter)
  if (id !== null && random.chance(REPEATED_SHARE)) {
    const later = random.between(0, REPEATED_WITHIN_MS)
    void begin(
      sleep(later).then(async () => {
        await accepted(options, told, letter)
        told.repeated += 1
      }),
    )
  }
  return id
}

/** Repeats the request until it is accepted; each 202 is written down. Null: it never was. */
async function accepted(
  { url, promises, patienceMs = PATIENCE_MS }: LoadOptions,
  told: LoadTold,
  { submission, key, random }: Letter,
): Promise<string | null> {
  const deadline = Date.now() + patienceMs
  while (Date.now() < deadline) {
    const answer = await ask<Accepted>(`${url()}/sites/${SITE}/messages`, {
      method: 'POST',
      body: submission,
      headers: { 'idempotency-key': key },
      withinMs: ANSWER_WITHIN_MS,
    })
    if (answer?.status === 202) {
      told.answered += 1
      const { id, recipients } = answer.body
      await promises.keep({ key, id, recipients, at: answer.at })
      return id
    }
    if (!mayCome(told, answer)) return null
    await sleep(random.between(REPEAT_AFTER_MS.least, REPEAT_AFTER_MS.most))
  }
  wrong(told, `no answer to ${key} within ${patienceMs / 1_000} s`)
  return null
}

/** Is the request worth repeating? */
function mayCome(told: LoadTold, answer: Answer<unknown> | null): boolean {
  if (answer === null) told.unanswered += 1
  else if (answer.status === 503 || answer.status === 504) told.putOff += 1
  else {
    wrong(told, wordsOf(answer))
    return false
  }
  return true
}

function wrong(told: LoadTold, words: string): void {
  if (told.wrong.length < WRONG_MOST) told.wrong.push(words)
}
