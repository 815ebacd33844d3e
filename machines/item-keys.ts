/**
 * The keys by which a store knows what it was given: the message's id, and with the defect RFC1047
 * which repetition of its offer it is.
 */

/** No id of a message has it. */
const MARK = '+'

export const repetitionKey = (message: string, attempts: number, tries: number): string =>
  `${message}${MARK}${attempts}.${tries}`

/** The message that an item is of. */
export const messageOfItem = (key: string): string => key.split(MARK)[0] as string

/** What the keys of a message's repetitions begin with. */
export const repetitionsOf = (message: string): string => `${message}${MARK}`
