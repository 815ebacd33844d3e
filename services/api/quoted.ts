/** What a client sent, quoted in a complaint: enough to find it by, not enough to flood anybody. */
import { LINE_SHOWN_CHARACTERS } from './limits.ts'

/** In double quotes, with what is not printable escaped; a number stays one. */
export function quoted(value: string | number): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(shortened(value))
}

export function shortened(text: string): string {
  return text.length > LINE_SHOWN_CHARACTERS ? `${text.slice(0, LINE_SHOWN_CHARACTERS)}…` : text
}
