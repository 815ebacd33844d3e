/**
 * Every limit of the SMTP and LMTP doors, with its reason. Durations are milliseconds.
 *
 * The size of a message and of an address are the HTTP API's (`services/api/limits.ts`): a message
 * is the same whichever way it comes.
 */
const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

/**
 * Silence, and the time for a command. RFC 5321 §4.5.3.2.7 asks five minutes of a server; test
 * suites leave more connections open.
 */
export const IDLE_MS = 5 * MINUTE_MS

/**
 * From DATA to its end, so that a byte a minute does not keep a connection for ever: 25 MB at 45
 * KB a second.
 */
export const DATA_MS_MAX = 10 * MINUTE_MS

/** What is read past the limit of size, and thrown away, before the connection is cut. */
export const EXCESS_BYTES_MAX = 25 * 1024 * 1024

/** Each has a buffer and a timer; load generators open some hundred. */
export const CLIENTS_MAX = 1_000

/**
 * RFC 5321 §4.5.3.1.8 asks for 100; what HTTP takes is taken here too. One more is asked to come
 * in another transaction (452).
 */
export const RECIPIENTS_MAX = 10_000

/** RFC 3461 §4.2, and the type before it. */
export const ORCPT_CHARACTERS_MAX = 500

/** A command line with every parameter that is known here, five times over. */
export const COMMAND_BYTES_MAX = 16 * 1024

/** A shutdown waits so long for transactions to end; a role is given 10 s (`roles.ts`). */
export const CLOSE_MS = 5 * SECOND_MS
