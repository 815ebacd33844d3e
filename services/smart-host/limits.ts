/**
 * Every limit of what is handed to the smart host, with its reason. Durations are milliseconds.
 */
const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

/** A host that is there answers far sooner; one that is not is tried again by the retry timer. */
export const CONNECT_MS = 30 * SECOND_MS

/** Silence in a transaction. RFC 5321 §4.5.3.2.6 gives the reply behind a message ten minutes. */
export const COMMAND_MS = 10 * MINUTE_MS

/** Transactions at a time in a process: what smart hosts commonly take of one client. */
export const TRANSACTIONS_MAX = 20

/** An event that finds all of them busy, or its own entry, looks again after this. */
export const BUSY_MS = 500

/**
 * An entry that is being handed over is marked for so long, renewed meanwhile: when a process died
 * in the middle, the mark goes by itself, and another takes the entry up.
 */
export const MARK_MS = 15 * SECOND_MS
export const RENEW_MS = 5 * SECOND_MS

/** Of a reply, in the journal and in a report: enough for its words. */
export const REPLY_CHARACTERS_MAX = 200
