/**
 * A step tells what it changed twice: each actor with its state's name, and the changes in words.
 * The two agree, so that neither can be altered alone.
 */
import { type Address, entryOf, kindOf, partsOf, serverOf } from '../../../machines/protocol.ts'
import type { BundleStep } from '../../runtime/views-of-bundle.ts'
import { Contradiction } from './followed.ts'

export function checkWords({ s, c }: BundleStep): void {
  for (const [address, state] of s) {
    const starts = beginningsOf(address)
    const mine = c.filter((line) => starts.some((start) => line.startsWith(start)))
    // That an entry of it was closed is not told of a copy that stays what it was.
    if (mine.length === 0 && kindOf(address) === 'message') continue
    if (mine.some((line) => namesOf(line).includes(state))) continue
    const said = mine.length > 0 ? `the words say "${mine.join('; ')}"` : 'the words do not tell it'
    throw new Contradiction(address, '', state, `${said}, and its state is ${state}`)
  }
}

/** How the words begin that are about an actor. See `machines/words.ts`. */
function beginningsOf(address: Address): string[] {
  const [first = '', second = '', third = ''] = partsOf(address)
  switch (kindOf(address)) {
    case 'message':
      return ['message', 'report'].map((what) => `${what} at ${serverOf(second)}:`)
    case 'recipient': {
      const { number } = entryOf(third)
      return [' (', ',', ':'].map((next) => `recipient ${number}${next}`)
    }
    case 'slot':
      return [`report slot ${third}:`]
    case 'mailbox':
      return [`mailbox ${second} at ${first}:`]
    case 'move':
      return ['move of ', 'move:']
    default:
      return [`directory entry ${second} at ${first}:`]
  }
}

/** The states that a line may name: behind the arrow, or before what happened in it. */
function namesOf(line: string): string[] {
  const tail = line.includes(' → ') ? line.split(' → ').slice(1) : []
  const said = line.slice(line.lastIndexOf(': ') + 2)
  return [...tail, said].map((text) => text.split(', ')[0] as string)
}
