/**
 * Limits of the runtime that a user may set, each with its reason. They are apart from what uses
 * them, so that the table of options loads nothing.
 */

/** Events of a site that are under way: about 100 MB, and some minutes of work. */
export const QUEUE_LIMIT = 50_000
