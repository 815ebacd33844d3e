/**
 * Enough of a scanner to see code apart from comments and strings, and where functions begin and
 * end. No parser: the compiler of this project has no API, and the rules need no more than this.
 */

export interface Scanned {
  text: string
  /** Comments, strings and regular expressions blanked, line for line and column for column. */
  code: string
  /** Only comments blanked. */
  uncommented: string
}

const QUOTES = new Set(["'", '"', '`'])
/** A slash after one of these begins a regular expression, not a division. */
const BEFORE_REGEX =
  /(^|[(,=:[!&|?{};+\-*%~^<>\n]|\b(return|typeof|case|in|of|do|else|await|yield))\s*$/
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

export function scan(text: string): Scanned {
  let code = ''
  let uncommented = ''
  let at = 0
  const take = (end: number, kind: 'code' | 'comment' | 'literal') => {
    const piece = text.slice(at, end)
    code += kind === 'code' ? piece : blank(piece)
    uncommented += kind === 'comment' ? blank(piece) : piece
    at = end
  }
  while (at < text.length) {
    const comment = commentEnd(text, at)
    if (comment > at) take(comment, 'comment')
    else if (QUOTES.has(text[at] ?? '')) take(stringEnd(text, at), 'literal')
    else if (text[at] === '/' && BEFORE_REGEX.test(code.slice(-80)))
      take(regexEnd(text, at), 'literal')
    else take(at + 1, 'code')
  }
  return { text, code, uncommented }
}

function commentEnd(text: string, at: number): number {
  const two = text.slice(at, at + 2)
  if (two === '//' || (two === '#!' && at === 0)) return lineEnd(text, at)
  if (two !== '/*') return at
  const end = text.indexOf('*/', at + 2)
  return end < 0 ? text.length : end + 2
}

const lineEnd = (text: string, at: number): number => {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

/** A template is one literal, what it interpolates included. */
function stringEnd(text: string, start: number): number {
  const quote = text[start]
  let at = start + 1
  while (at < text.length && text[at] !== quote) {
    if (text[at] === '\\') at += 2
    else if (quote === '`' && text.startsWith('${', at)) at = interpolationEnd(text, at + 2)
    else at += 1
  }
  return Math.min(at + 1, text.length)
}

function interpolationEnd(text: string, start: number): number {
  let depth = 1
  let at = start
  while (at < text.length && depth > 0) {
    const char = text[at] ?? ''
    if (QUOTES.has(char)) at = stringEnd(text, at)
    else {
      if (char === '{') depth += 1
      if (char === '}') depth -= 1
      at += 1
    }
  }
  return at
}

function regexEnd(text: string, start: number): number {
  let inClass = false
  let at = start + 1
  for (; at < text.length && text[at] !== '\n'; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '[') inClass = true
    else if (text[at] === ']') inClass = false
    else if (text[at] === '/' && !inClass) return at + 1
  }
  return start + 1
}

export interface FunctionSpan {
  /** Lines, counted from 1. */
  first: number
  last: number
}

const PAIRS: Record<string, string> = { '(': ')', '{': '}', '[': ']' }
/** A function's head up to its parameters, a method's, or an arrow with a body. */
const HEADS = /\bfunction\b[^(]*(?=\()|(?<=^|[\s,{;.])[\w$#]+(?=\()|=>\s*(?=\{)/g
const NOT_METHODS = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'return', 'await'])

/** Every function with a body in braces. */
export function functionsIn(code: string): FunctionSpan[] {
  const spans: FunctionSpan[] = []
  for (const head of code.matchAll(HEADS)) {
    if (NOT_METHODS.has(head[0])) continue
    const end = head.index + head[0].length
    const body = head[0].startsWith('=>') ? end : bodyAfter(code, closing(code, end))
    if (body === null) continue
    spans.push({ first: lineOf(code, head.index), last: lineOf(code, closing(code, body)) })
  }
  return spans
}

/** Where the body begins, past a return type; null for a mere call. */
function bodyAfter(code: string, parameters: number): number | null {
  let at = skipBlank(code, parameters + 1)
  if (code[at] === '{') return at
  if (code[at] !== ':') return null
  for (let previous = ':'; at < code.length; at = skipBlank(code, at + 1)) {
    const char = code[at] ?? ''
    if (char === '{' && !':|&<,(=>'.includes(previous)) return at
    if (';,)}'.includes(char)) return null
    if (char in PAIRS) at = closing(code, at)
    const closesType = code[at] === '>' && code[at - 1] !== '='
    previous = closesType ? ')' : (code[at] ?? '')
  }
  return null
}

const skipBlank = (code: string, from: number): number => {
  let at = from
  while (at < code.length && /\s/.test(code[at] ?? '')) at += 1
  return at
}

/** The bracket that closes the one at `open`. */
function closing(code: string, open: number): number {
  const opener = code[open] ?? ''
  let depth = 0
  for (let at = open; at < code.length; at += 1) {
    if (code[at] === opener) depth += 1
    else if (code[at] === PAIRS[opener]) depth -= 1
    if (depth === 0) return at
  }
  return code.length
}

const lineOf = (code: string, at: number): number => code.slice(0, at).split('\n').length
