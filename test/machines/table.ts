/**
 * A machine's behaviour as a compact table of text: one line a state and event, more where the
 * outcome depends on something. Read it as `state [situation] × event(variant) → target: asks;
 * changes`.
 */
import type { Ask } from '../../machines/protocol.ts'
import { type Condition, type Line, lines, type Outcome, type Point } from './tree.ts'
import type { Edge, Place } from './walk.ts'

type AnyEdge = Edge<unknown>

/** `send mail.offered→mailbox`, `arm retry towards store`, `keep home`. */
export function askText(ask: Ask): string {
  if ('send' in ask) return `send ${ask.send}→${ask.to}`
  if ('arm' in ask) return `arm ${ask.arm}${'towards' in ask ? ` towards ${ask.towards}` : ''}`
  if ('disarm' in ask) return `disarm ${ask.disarm}`
  return 'keep' in ask ? `keep ${ask.keep}` : `drop ${ask.drop}`
}

/** With `never`, what would become of events that no order brings about there. */
export function tableOf(
  title: string,
  states: string[],
  types: string[],
  edges: AnyEdge[],
  never: AnyEdge[],
) {
  const parts = states.map((state) => {
    const from = (edge: AnyEdge) => edge.from.state === state
    const added = rowsOf(state, types, never.filter(from)).map((row) => `${row} (never comes)`)
    return [...rowsOf(state, types, edges.filter(from)), ...added].join('\n')
  })
  return `${[title, ...parts].join('\n\n')}\n`
}

function rowsOf(state: string, types: string[], edges: AnyEdge[]): string[] {
  const ignored: string[] = []
  const rows: string[] = []
  for (const type of types) {
    const some = edges.filter(({ variant }) => variant.event.type === type)
    if (some.length === 0) continue
    if (some.every((edge) => edge.ignored)) ignored.push(type)
    else rows.push(...lines(distinct(some)).map((line) => lineText(state, type, line, some)))
  }
  const all = ignored.length === types.length ? 'everything' : ignored.join(', ')
  if (ignored.length > 0) rows.push(`${state} ignores ${all}`)
  return rows
}

/** Names of situations and of an event's fields must not meet: the event's get a mark. */
const FIELD = '@'

/** The witness makes no difference to a machine: one point for each situation and event. */
function distinct(edges: AnyEdge[]): Point[] {
  const found = new Map<string, Point>()
  for (const edge of edges) {
    const point = pointOf(edge)
    found.set(JSON.stringify(point), point)
  }
  return [...found.values()]
}

function pointOf(edge: AnyEdge): Point {
  const { from, variant } = edge
  const words: Record<string, string> = { ...from.world.setting, ...situation(from) }
  for (const [field, label] of Object.entries(variant.labels)) words[`${FIELD}${field}`] = label
  return { words, outcome: outcomeOf(edge) }
}

const wordsOf = ({ world, situation: now }: Place<unknown>): Record<string, unknown> =>
  world.words ? world.words(now.context) : now.context

function situation(place: Place<unknown>): Record<string, string> {
  const words: Record<string, string> = {}
  for (const [name, value] of Object.entries(wordsOf(place))) {
    words[name] =
      typeof value === 'boolean' ? `${value ? '' : 'not '}${name}` : `${name} ${value ?? 'none'}`
  }
  return words
}

function outcomeOf({ from, to, asks, ignored }: AnyEdge): Outcome {
  const before = wordsOf(from)
  const after = wordsOf(to)
  const changes: Record<string, string[]> = {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    changes[name] = changeWords(name, before[name], after[name])
  }
  const said = asks.length > 0 ? `: ${asks.map(askText).join(', ')}` : ''
  return { text: ignored ? 'ignored' : `${to.state}${said}`, changes }
}

function changeWords(name: string, before: unknown, after: unknown): string[] {
  const words = [`${name}=${after ?? 'none'}`]
  if (typeof before === 'number' && typeof after === 'number' && after !== before) {
    const by = after - before
    words.unshift(by > 0 ? `${name}+${by}` : `${name}${by}`)
  }
  return before === after ? ['', ...words] : words
}

function lineText(state: string, type: string, line: Line, edges: AnyEdge[]): string {
  const given = Object.entries(line.conditions)
  const inEvent = given.filter(([name]) => name.startsWith(FIELD)).map(conditionText)
  const inSituation = given.filter(([name]) => !name.startsWith(FIELD)).map(conditionText)
  const event = inEvent.length > 0 ? `${type}(${inEvent.join(', ')})` : type
  const where = inSituation.length > 0 ? `${state} [${inSituation.join(', ')}]` : state
  return `${where} × ${event} → ${finalText(line.text, edges)}`
}

/** Many values are said by the few that they are not. */
const conditionText = ([, { values, others }]: [string, Condition]): string =>
  others.length > 0 && others.length * 2 < values.length
    ? `not ${together(others)}`
    : together(values)

/** A final state is worth a word. */
function finalText(text: string, edges: AnyEdge[]): string {
  const target = /^[\w.]+/.exec(text)?.[0]
  const there = edges.find(({ to, ignored }) => !ignored && to.state === target)
  return there?.to.done ? text.replace(/^[\w.]+/, `${target} (final)`) : text
}

/** `tries 0..4`, `here|elsewhere`, `holdAt none|removed`. */
function together(values: string[]): string {
  const name = /^\w+ /.exec(values[0] ?? '')?.[0] ?? ''
  const shared = values.length > 1 && values.every((value) => value.startsWith(name)) ? name : ''
  const rests = values.map((value) => value.slice(shared.length))
  const numbers = rests.map(Number).sort((a, b) => a - b)
  const [low = 0, high = 0] = [numbers[0], numbers.at(-1)]
  const inRow = numbers.length > 1 && high - low === numbers.length - 1
  return shared + (inRow ? `${low}..${high}` : rests.join('|'))
}
