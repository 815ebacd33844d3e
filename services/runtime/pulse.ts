/**
 * A site's pulse: a text that is another one after each step that was taken there, and after each
 * mark that a reader made. Whoever shows a site as it changes looks again when it has beaten.
 */
import { part, shardsOf } from './keys.ts'
import { type Live, siteOf } from './live-parts.ts'
import type { Wait } from './watch.ts'

/** The pulse when it is no longer `before`; null when the time ran out or the caller went away. */
export function pulseAfter(
  live: Live,
  site: string,
  before: string,
  wait: Wait,
): Promise<string | null> {
  const look = async (): Promise<string | null> => {
    const settings = await siteOf(live, site)
    const journals = shardsOf(settings).map((shard) => part(settings, shard, 'journal'))
    const newest = [...journals, part(settings, 0, 'marked')].map(async (stream) => {
      const [last] = await live.client.xrevrange(stream, '+', '-', 'COUNT', 1)
      return last?.[0] ?? ''
    })
    const pulse = (await Promise.all(newest)).join(',')
    return pulse === before ? null : pulse
  }
  return live.watch.until(site, look, wait)
}
