/**
 * What an MTA believes: its cache and its server's replica, read for the recipients of one event.
 */
import type { Cached } from '../../machines/cache.ts'
import type { Beliefs } from '../../machines/reads.ts'
import type { Stored } from '../../machines/wire.ts'
import { type Answer, type Believed, believing, type Question } from './believing.ts'
import { type Client, load } from './commit.ts'
import { boxKey, cacheKey, directoryKey } from './keys.ts'
import type { LoadOptions } from './port.ts'
import type { Settings } from './settings.ts'

export async function lookUp(
  client: Client,
  settings: Settings,
  beliefs: Beliefs,
  options: LoadOptions,
): Promise<Believed> {
  const asking = believing(beliefs, options, settings.profile)
  let next = asking.next()
  while (!next.done) next = asking.next(await answer(client, settings, beliefs.server, next.value))
  return next.value
}

async function answer(
  client: Client,
  settings: Settings,
  server: string,
  question: Question,
): Promise<Answer> {
  if ('mailboxes' in question) {
    const texts = await Promise.all(
      question.mailboxes.map((mailbox) => client.hget(boxKey(settings, server, mailbox), 'actor')),
    )
    return { states: texts.map((text) => parsed<Stored>(text)?.s) }
  }
  const { aliases } = question
  const [caches = [], replicas = []] = await load(client, [
    { key: cacheKey(settings, server), fields: aliases },
    { key: directoryKey(settings, server), fields: aliases },
  ])
  return {
    known: aliases.map((_, i) => ({
      cached: parsed<Cached>(caches[i]),
      replica: parsed<Stored>(replicas[i])?.a.record ?? null,
    })),
  }
}

const parsed = <T>(text: string | null | undefined): T | null =>
  text ? (JSON.parse(text) as T) : null
