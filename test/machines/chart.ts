/**
 * The parts of `machines/README.md` that are drawn from the machines, the protocol and the files'
 * headers.
 *
 * A part stands between `<!-- name -->` and `<!-- /name -->`; what lies outside is written by hand.
 */
import type { Kind } from '../../machines/protocol.ts'
import { machineOf, statesOf } from './states.ts'
import { type Edge, walk } from './walk.ts'
import { SUBJECTS } from './worlds/all.ts'

/** In the order in which a reader meets them. */
const KINDS: readonly Kind[] = ['message', 'recipient', 'slot', 'mailbox', 'move', 'directory']

export const PARTS: Record<string, (headers: Record<string, string>) => string> = {
  files: filesPart,
  lifecycles: () => KINDS.map(lifecycle).join('\n\n'),
  events: eventsPart,
  invariants: invariantsPart,
}

/** The page with its generated parts written anew. */
export function withParts(page: string, headers: Record<string, string>): string {
  return Object.entries(PARTS).reduce((text, [name, part]) => {
    const between = new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- /${name} -->)`)
    if (!between.test(text)) throw new Error(`the page has no part '${name}'`)
    return text.replace(between, (_, start, end) => `${start}\n${part(headers)}\n${end}`)
  }, page)
}

// Files

/** The first sentence of a header says what the file is. */
const firstSentence = (header: string): string =>
  (/^[\s\S]*?\.(?=\s|$)/.exec(header)?.[0] ?? header).replace(/\s+/g, ' ').replace(/\.$/, '')

function filesPart(headers: Record<string, string>): string {
  const rows = Object.entries(headers).map(
    ([name, header]) => `| \`${name}\` | ${firstSentence(header)} |`,
  )
  return ['| file | what it is |', '|---|---|', ...rows].join('\n')
}

// Lifecycles

const walks = new Map<Kind, Edge<unknown>[]>()
function edgesOf(kind: Kind): Edge<unknown>[] {
  const known = walks.get(kind) ?? SUBJECTS[kind].worlds.flatMap((world) => walk(world).edges)
  walks.set(kind, known)
  return known
}

/** Of a phase with states of its own, the phase. */
const outer = (state: string): string => state.split('.')[0] ?? state

function lifecycle(kind: Kind): string {
  const edges = edgesOf(kind)
  const order = [...new Set(statesOf(machineOf(kind)).map(outer))]
  const finals = new Set(edges.flatMap(({ to }) => (to.done ? [outer(to.state)] : [])))
  const arrows = new Map<string, Set<string>>()
  for (const { from, to, variant } of edges) {
    const [start, end] = [outer(from.state), outer(to.state)]
    if (start !== end) add(arrows, `${start} --> ${end}`, variant.event.type)
  }
  if (arrows.size === 0) return `### ${kind}\n\nOne state, \`${order[0]}\`.`
  const lines = order.flatMap((start) =>
    order.flatMap((end) => {
      const types = arrows.get(`${start} --> ${end}`)
      return types ? [`  ${start} --> ${end}: ${[...types].sort().join(', ')}`] : []
    }),
  )
  const last = order.filter((state) => finals.has(state)).map((state) => `  ${state} --> [*]`)
  const drawn = ['stateDiagram-v2', `  [*] --> ${order[0]}`, ...lines, ...last]
  return [`### ${kind}`, '', '```mermaid', ...drawn, '```'].join('\n')
}

const add = (map: Map<string, Set<string>>, key: string, value: string): void => {
  map.set(key, (map.get(key) ?? new Set()).add(value))
}

// Events

function eventsPart(): string {
  const senders = sendersOf()
  const rows = KINDS.flatMap((kind) =>
    Object.entries(SUBJECTS[kind].events).map(([type, fields]) => {
      const from = [...(senders.get(`${kind} ${type}`) ?? ['a role'])].sort().join(', ')
      const shown = Object.keys(fields).map((field) => `\`${field}\``)
      return `| ${kind} | \`${type}\` | ${from} | ${shown.join(', ')} |`
    }),
  )
  return ['| to | event | from | what the machine sees of it |', '|---|---|---|---|', ...rows].join(
    '\n',
  )
}

/** Who asks for an event to be sent, by its kind of receiver and its type. */
function sendersOf(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const sender of KINDS) {
    for (const ask of edgesOf(sender).flatMap(({ asks }) => asks)) {
      if ('arm' in ask) add(found, `${sender} ${ask.arm}.due`, 'its timer')
      if (!('send' in ask)) continue
      for (const kind of KINDS) {
        if (reaches(sender, kind, ask.send)) add(found, `${kind} ${ask.send}`, sender)
      }
    }
  }
  // The copy asks for one of these; which it is for each entry, routing says.
  for (const type of Object.keys(SUBJECTS.recipient.events)) {
    if (type.startsWith('route.')) add(found, `recipient ${type}`, 'message')
  }
  return found
}

/** A transfer's answers are understood by the copy, and passed on by it to its entries. */
const reaches = (sender: Kind, receiver: Kind, type: string): boolean =>
  type in SUBJECTS[receiver].events && (!type.startsWith('transfer.') || sender === 'message')

// Invariants

/** `R1. …` with its indented lines, as the headers have them. */
const NUMBERED = /^ {2}([A-Z]\d)\. ([\s\S]*?)(?=\n {2}[A-Z]\d\.|\n\n|$(?![\s\S]))/gm

function invariantsPart(headers: Record<string, string>): string {
  const rows = Object.entries(headers).flatMap(([name, header]) =>
    [...header.matchAll(NUMBERED)].map(
      ([, number, text = '']) =>
        `| ${number} | \`${name}\` | ${text.replace(/\s+/g, ' ').trim()} |`,
    ),
  )
  return ['| | where | what holds |', '|---|---|---|', ...rows].join('\n')
}

/** A file's first doc comment without its stars. */
export function headerOf(text: string): string {
  const comment = /^\/\*\*\n?([\s\S]*?)\*\//.exec(text)?.[1] ?? ''
  return comment.replace(/^ \*(?: |$)/gm, '').trim()
}
