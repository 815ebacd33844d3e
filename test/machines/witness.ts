/** What an observer of a machine's asks remembers: which timers are armed. */
import type { Ask } from '../../machines/protocol.ts'

/** Armed timers after an event: the one that fired is spent, then the asks apply. */
export function armedAfter(armed: string[], event: { type: string }, asks: Ask[]): string[] {
  const now = new Set(armed)
  if (event.type.endsWith('.due')) now.delete(event.type.slice(0, -'.due'.length))
  for (const ask of asks) {
    if ('arm' in ask) now.add(ask.arm)
    if ('disarm' in ask) now.delete(ask.disarm)
  }
  return [...now].sort()
}

export const sends = (asks: Ask[], type: string): number =>
  asks.filter((ask) => 'send' in ask && ask.send === type).length

export const keeps = (asks: Ask[], thing: string): boolean =>
  asks.some((ask) => 'keep' in ask && ask.keep === thing)

export const drops = (asks: Ask[], thing: string): boolean =>
  asks.some((ask) => 'drop' in ask && ask.drop === thing)
