/** Every limit of the POP3 door, with its reason. Durations are milliseconds. */

/** RFC 1939 §3: a server that ends silent sessions waits at least so long. */
export const IDLE_MS = 10 * 60_000

/** RFC 2449 §4: a command has at most 255 octets; a token behind `PASS` may be longer. */
export const LINE_BYTES_MAX = 512

/** A test opens a few; nobody needs more of a door that only reads. */
export const CLIENTS_MAX = 200

/**
 * The oldest of a mailbox, so that what `LIST` says of each stays a matter of seconds; the rest is
 * seen when these have been deleted.
 */
export const MESSAGES_MAX = 10_000

/** Messages that are looked at, or deleted, side by side: each takes some calls of Redis. */
export const AT_ONCE_MAX = 50

/** Wrong passwords of one connection: a person mistypes, a program guesses. */
export const WRONG_PASSWORDS_MAX = 3
