/**
 * A site in a terminal: its newest messages with each recipient's state, its moves with a bar, and
 * the line of the ledger.
 *
 * Pure: what was read in, lines out, none longer than the terminal is wide.
 */

import type { Site } from '../client/api-answers.ts'
import type { Audit, Clock, Entry, Message, Move } from '../client/client.ts'
import { auditLines } from './mail.ts'
import { moveLine } from './moves.ts'

export interface Picture {
  site: Site
  clock: Clock
  audit: Audit
  moves: Move[]
  /** The newest, the last one first. */
  messages: Message[]
  total: number
}

/** Enough for a name and for most states. */
const NAME_COLUMNS = 24
const STATE_COLUMNS = 14
const MOVES_SHOWN = 6
const TIME = { from: 11, to: 19 }

const cut = (text: string, columns: number): string =>
  [...text].length <= columns ? text : `${[...text].slice(0, columns - 1).join('')}…`

function entryLine({ address, branch, state, outcome, waitsFor }: Entry): string {
  const name = branch === 'own' ? address : `${address} (alternate)`
  const how = outcome === 'pending' ? state : outcome === 'lost' ? 'LOST' : outcome
  const why = waitsFor[0]?.text ?? ''
  return `    ${name.padEnd(NAME_COLUMNS)}${how.padEnd(STATE_COLUMNS)}${why}`.trimEnd()
}

const messageLines = ({ subject, from, recipients }: Message): string[] => [
  `  ${subject || '(no subject)'}  from ${from || '<>'}`,
  ...recipients.map(entryLine),
]

function clockText({ now, mode, scale }: Clock): string {
  const time = now.slice(TIME.from, TIME.to)
  return mode === 'stopped' ? `${time} stopped` : scale === 1 ? time : `${time} ×${scale}`
}

/** The newest moves, those that run first. */
function shownMoves(moves: Move[]): Move[] {
  const running = moves.filter(({ state }) => state === 'running')
  const ended = moves.filter(({ state }) => state !== 'running')
  return [...running.toReversed(), ...ended.toReversed()].slice(0, MOVES_SHOWN)
}

export function pictureLines(picture: Picture, columns: number): string[] {
  const { site, clock, audit, moves, messages, total } = picture
  const paused = site.paused ? '  PAUSED' : ''
  const lines = [
    `${site.name}  ${site.profile}  ${clockText(clock)}${paused}    Ctrl-C ends`,
    '',
    ...auditLines(audit),
    '',
    moves.length === 0 ? 'no moves' : 'moves',
    ...shownMoves(moves).map((move) => `  ${moveLine(move)}`),
    '',
    total === 0 ? 'no messages' : `messages, ${messages.length} of ${total}, the newest first`,
    ...messages.flatMap(messageLines),
  ]
  return lines.map((line) => cut(line, columns))
}
