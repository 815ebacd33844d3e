/**
 * What the values of options are made of: parsers, each of which throws a `BadValue` that says what
 * it expects.
 */

/** What is expected of a value: the rest of a sentence that begins with the option's name. */
export class BadValue extends Error {}

export function oneOf<Value extends string>(values: readonly Value[]) {
  return (text: string): Value => {
    const found = values.find((value) => value === text)
    if (found === undefined) throw new BadValue(`is one of ${values.join(', ')}`)
    return found
  }
}

export function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < least || number > most) {
      throw new BadValue(`is a whole number from ${least} to ${most}`)
    }
    return number
  }
}

export function matching(pattern: RegExp, words: string) {
  return (text: string): string => {
    if (!pattern.test(text)) throw new BadValue(words)
    return text
  }
}

export const optional =
  <Value>(parse: (text: string) => Value) =>
  (text: string): Value | null =>
    text === '' ? null : parse(text)
