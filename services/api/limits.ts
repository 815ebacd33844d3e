/**
 * Every limit of the HTTP API, with its reason; those of a site are the runtime's. A limit is in
 * one place and nowhere else.
 *
 * Sizes are in bytes (octets of UTF-8), durations in milliseconds.
 */
import { FAULTS_MAX } from '../runtime/limits.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SECOND_MS = 1_000
const DAY_MS = 86_400_000

/** Exchange's largest lists were of this order, and the runtime is measured up to here. */
export const RECIPIENTS_MAX = 10_000

/** The usual limit of a mail system of today; above it Redis holds values that are too large. */
export const MESSAGE_BYTES_MAX = 25 * MIB

/**
 * A whole message in JSON: line ends and quotes are escaped there, and 10,000 recipients beside
 * it.
 */
export const MESSAGE_BODY_BYTES_MAX = MESSAGE_BYTES_MAX + 15 * MIB

/** Any other body. The largest is a new site with some thousand mailboxes. */
export const BODY_BYTES_MAX = 4 * MIB

/** RFC 5321 §4.5.3.1.1. */
export const LOCAL_PART_BYTES_MAX = 64

/** RFC 5321 §4.5.3.1.2. */
export const DOMAIN_BYTES_MAX = 255

/** RFC 3461 §4.4: ENVID, before it is encoded. */
export const ENVELOPE_ID_CHARACTERS_MAX = 100

/** RFC 1035 §2.3.4: one label of a domain. */
export const LABEL_BYTES_MAX = 63

/** RFC 5322 §2.1.1: a line; a longer subject would have to be folded, and nobody reads one. */
export const SUBJECT_CHARACTERS_MAX = 998

/** How much of a malformed line is quoted: enough to find it, not enough to flood a log. */
export const LINE_SHOWN_CHARACTERS = 80

/** Under the minute after which proxies and clients commonly give up on a silent answer. */
export const WAIT_MS_MAX = 60 * SECOND_MS

/** A long poll that does not say how long. */
export const WAIT_MS_DEFAULT = 30 * SECOND_MS

/** A duration in a body: longer than any expiry or `ttl` that means something, far below 2^53. */
export const DURATION_MS_MAX = 3_650 * DAY_MS

/** A page of a list, unless it says otherwise: about one screen of a terminal times four. */
export const PAGE_LIMIT_DEFAULT = 100

/** The most that one page gives: rendering it stays within some ten milliseconds. */
export const PAGE_LIMIT_MAX = 1_000

/** What is looked for in a mailbox: a line of text at most. */
export const SEARCH_CHARACTERS_MAX = 998

/** A mailbox that is searched by Mailpit's API is decoded message by message: its newest. */
export const MAILPIT_SEARCHED_MAX = 1_000

/** All mailboxes of a site together: the newest of each are looked through at each call. */
export const MAILPIT_MAILBOXES_MAX = 100

/** How soon a websocket of Mailpit's looks again, at the earliest: to look at a site takes time. */
export const MAILPIT_LOOK_MS = 50

/** Mailpit tells how many messages there are no more often either. */
export const MAILPIT_STATS_MS = 250

/** What a client may send by a websocket: there is nothing to say. */
export const SOCKET_PAYLOAD_BYTES_MAX = KIB

/** How long a message that is submitted by Mailpit's API is waited for, until it has settled. */
export const MAILPIT_SEND_MS = SECOND_MS

/** Tags of one message, and characters of one: what a person can read on a line or two. */
export const MAILPIT_TAGS_MAX = 50
export const MAILPIT_TAG_CHARACTERS_MAX = 100

/** Files of one message; together they are bound by its size. */
export const ATTACHMENTS_MAX = 1_000

/** A page of Mailpit's, unless it says otherwise: Mailpit's own. */
export const MAILPIT_PAGE_DEFAULT = 50

/** Visible characters of an `Idempotency-Key`; a UUID has 36. */
export const IDEMPOTENCY_KEY_CHARACTERS_MAX = 255

/** A word in a body that names something: an event, a phase, a profile, a reason. */
export const WORD_CHARACTERS_MAX = 255

/** An address in a body: far above what RFC 5321 lets through, which is checked in words. */
export const ADDRESS_CHARACTERS_MAX = 1_000

/** A path segment: an address of RFC 5321 in which each octet is percent-encoded. */
export const PATH_SEGMENT_CHARACTERS_MAX = 3 * (LOCAL_PART_BYTES_MAX + 1 + DOMAIN_BYTES_MAX)

/** An id in a path; ours have 36 characters, and those of reports and copies some more. */
export const ID_CHARACTERS_MAX = 255

/** Mailboxes in the body of a new site; more can be put afterwards. */
export const MAILBOXES_MAX = 10_000

/** Messages of one call that fills a mailbox: they take some ten seconds. */
export const PREFILL_MESSAGES_MAX = 10_000

/** The body of each: a short letter, unless it says otherwise; a large one at most. */
export const PREFILL_BYTES_DEFAULT = 2 * KIB
export const PREFILL_BYTES_MAX = MIB

/** All bodies of one call: what Redis holds without being asked about it first. */
export const PREFILL_ALL_BYTES_MAX = 64 * MIB

/** Moves of one batch: every mailbox of a large site. */
export const BATCH_MOVES_MAX = MAILBOXES_MAX

/** Further addresses of one mailbox. */
export const ADDRESSES_MAX = 100

/** A clock cannot run faster than this: a day of site time every second. */
export const CLOCK_SCALE_MAX = 86_400

/** Steps in a bundle: some forty megabytes, and a few seconds to judge. */
export const BUNDLE_STEPS_MAX = 100_000

/** Recipients of accepted messages in a bundle: as much again at most. */
export const BUNDLE_RECIPIENTS_MAX = 100_000

/** A comment on a silent event stream, so that proxies and clients see that it lives. */
export const HEARTBEAT_MS = 15 * SECOND_MS

/** What a client is told to wait before it opens the event stream again. */
export const RECONNECT_MS = SECOND_MS

/** `/readyz` answers within this, whatever Redis does: probes give up after a few seconds. */
export const READY_MS_MAX = 2 * SECOND_MS

/** Ours have a few hundred octets, and proxies let no more through. Node refuses what is more. */
export const HEADER_BYTES_MAX = 16 * KIB

/** A sender that is alive sends its headers at once; one that drips them holds a socket open. */
export const HEADERS_MS_MAX = 10 * SECOND_MS

/** A whole request: the largest message, over a line of three megabits a second. */
export const REQUEST_MS_MAX = 120 * SECOND_MS

/** How often connections that are late are looked for. */
export const LATE_CONNECTIONS_MS = SECOND_MS

/** Some kilobytes each, and far below the open files that a process may have. */
export const CONNECTIONS_MAX = 4_096

/** Levels of arrays and objects in a body; ours have five. */
export const JSON_DEPTH_MAX = 32

/** Each looks at the journal five times a second, also when nothing happens. */
export const STREAMS_MAX = 200

/** Each asks Redis five times a second: a thousand would be most of what one process can do. */
export const WAITS_MAX = 500

/** Each is listed, swept and counted as a whole by those who watch. */
export const SITES_MAX = 1_000

/** A worker process has a connection to Redis for each, and Redis takes 10,000 unless told more. */
export const QUEUES_MAX = 4_000

/** What Exchange 2000 and 2003 take for a limit, 2,097,151 KB; for 5.5 nothing is published. */
export const STORAGE_LIMIT_MAX = 2_097_151 * KIB

/**
 * What a client on this machine may ask in a second: several times what the service can answer, so
 * that no load generator is slowed, and a loop that has gone wild is.
 */
export const LOCAL_REQUESTS_PER_SECOND_MAX = 20_000

/** What any other client may: a tenth of what the service can answer, or a few hundred users. */
export const REQUESTS_PER_SECOND_MAX = 500

/** Clients whose requests are counted at a time; the one that was silent longest is forgotten. */
export const CLIENTS_COUNTED_MAX = 10_000

/** A day at work: then one signs in again. */
export const SESSION_MS = 12 * 60 * 60 * SECOND_MS

/** A token and a path; nothing else is in the form of the login page. */
export const LOGIN_BODY_BYTES_MAX = 4 * KIB

/** The limits that a test may lower, so that it need not open thousands to reach one. */
export const LIMITS = {
  headersMs: HEADERS_MS_MAX,
  requestMs: REQUEST_MS_MAX,
  connections: CONNECTIONS_MAX,
  streams: STREAMS_MAX,
  waits: WAITS_MAX,
  sites: SITES_MAX,
  queues: QUEUES_MAX,
  faults: FAULTS_MAX,
  localRequestsPerSecond: LOCAL_REQUESTS_PER_SECOND_MAX,
  requestsPerSecond: REQUESTS_PER_SECOND_MAX,
}

export type Limits = typeof LIMITS
