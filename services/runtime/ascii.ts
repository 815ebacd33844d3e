/**
 * JSON in ASCII alone. A client writes many commands as one text; one character beyond ASCII makes
 * all of it slow to encode (a seventh of the worker's time was spent on the arrows of the journal),
 * and JSON can say any with escapes.
 */
const BEYOND = /[\u0080-\uffff]/g

export function asciiJson(value: unknown): string {
  const text = JSON.stringify(value)
  if (isAscii(text)) return text
  // Most texts have nothing but these.
  const straight = text.replaceAll('→', '\\u2192')
  if (isAscii(straight)) return straight
  return straight.replace(
    BEYOND,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length
