/**
 * The one table of everything this service can refuse, and why.
 *
 * Owns: the codes, their HTTP status and title, and `Problem`, the only error that is meant for a
 * caller. The HTTP API renders it as RFC 9457 `application/problem+json`; other doors translate it.
 *
 * Rules: a code is stable once released; a code that is listed is used, and one that is used is
 * listed (a test keeps table, code and README in step); `title` is the same for each occurrence and
 * `detail` says what is wrong with this one (RFC 9457 §3.1.3 and §3.1.4).
 */

import { ACCESS_PROBLEMS } from './access-problems.ts'

interface ProblemType {
  status: number
  title: string
  description: string
}

export const PROBLEMS = {
  'bad-request': {
    status: 400,
    title: 'The request is not understood',
    description:
      'A member of the body, the query or the headers is missing, unknown, or of the wrong kind. ' +
      '`errors` lists each, with the path to it.',
  },
  'bad-duration': {
    status: 400,
    title: 'That is not a duration',
    description: 'Write a number of milliseconds, or `500ms`, `30s`, `10m`, `1h30m`, `7d`.',
  },
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON',
    description: 'The body was sent as `application/json` and could not be parsed.',
  },
  'malformed-address': {
    status: 400,
    title: 'That is not an address',
    description:
      'Neither a mailbox of RFC 5321 §4.1.2 (with the characters of RFC 6531) nor a bare alias. ' +
      'The null sender, `""` or `"<>"`, is allowed as `from` only.',
  },
  'malformed-message': {
    status: 400,
    title: 'That is not a message',
    description: '`raw` is not a message of RFC 5322: header section, empty line, body.',
  },
  'header-injection': {
    status: 400,
    title: 'A line break in a header value',
    description: 'A subject or an address holds CR, LF or NUL: it would start another header.',
  },
  'no-recipients': {
    status: 400,
    title: 'A message needs a recipient',
    description: '`to` is empty.',
  },
  'too-many-recipients': {
    status: 400,
    title: 'Too many recipients',
    description: 'A message has at most 10,000 recipients.',
  },
  'unknown-site': {
    status: 404,
    title: 'No such site',
    description: 'The site does not exist, was deleted, or outlived its `ttl`.',
  },
  'unknown-server': {
    status: 404,
    title: 'No such server',
    description: 'The site has no server of that name.',
  },
  'unknown-mailbox': {
    status: 404,
    title: 'No such mailbox',
    description: 'The directory of the site has no entry with that alias.',
  },
  'unknown-profile': {
    status: 422,
    title: 'No such profile',
    description: 'A profile is the name of a preset, or an object whose `extends` names one.',
  },
  'unknown-defect': {
    status: 422,
    title: 'No such defect',
    description: 'A profile switches on a defect that this version does not model.',
  },
  'unknown-list': {
    status: 404,
    title: 'No such list',
    description: 'The directory of the site has no distribution list with that alias.',
  },
  'missing-defect': {
    status: 503,
    title: 'The service lacks a defect of the site',
    description:
      'The file of a defect of its profile is not here, or was changed. Nothing was accepted.',
  },
  'unknown-message': {
    status: 404,
    title: 'No such message',
    description: 'The site accepted no message with that id, or no longer keeps it.',
  },
  'unknown-recipient': {
    status: 404,
    title: 'No such recipient',
    description: 'The message was not addressed to that address.',
  },
  'unknown-item': {
    status: 404,
    title: 'No such item',
    description: 'The mailbox holds no message with that id.',
  },
  'unknown-move': {
    status: 404,
    title: 'No such move',
    description: 'The site knows no move with that id.',
  },
  'unknown-batch': {
    status: 404,
    title: 'No such batch',
    description: 'The site has no batch of moves with that id.',
  },
  'too-many-batches': {
    status: 409,
    title: 'Too many batches',
    description: 'A site keeps a thousand batches of moves, and has as many.',
  },
  'unknown-fault': {
    status: 404,
    title: 'No such fault rule',
    description: 'The site has no fault rule with that id.',
  },
  'unknown-event': {
    status: 404,
    title: 'No such event',
    description: 'No held event has that id, or no event type has that name.',
  },
  'unknown-phase': {
    status: 422,
    title: 'No such phase',
    description: 'A move has no phase of that name, or none at which it could hold.',
  },
  'site-exists': {
    status: 409,
    title: 'The site exists',
    description: 'Another site has that name.',
  },
  'mailbox-exists': {
    status: 409,
    title: 'The mailbox exists',
    description: 'Its alias or an address is taken, or it is on another server: move it there.',
  },
  'list-exists': {
    status: 409,
    title: "The alias is a list's",
    description: 'A distribution list has that alias; a mailbox cannot have it as well.',
  },
  'list-in-itself': {
    status: 422,
    title: 'A list is not its own member',
    description: '`members` names the list itself. Lists may name one another: a loop ends.',
  },
  'unknown-member': {
    status: 422,
    title: 'No such member',
    description: '`members` names an alias that the directory of the site does not have.',
  },
  'too-many-members': {
    status: 400,
    title: 'Too many members',
    description: 'A list names 5,000 members at most; a larger group is several lists in one.',
  },
  'reserved-mailbox': {
    status: 409,
    title: 'The alias is reserved',
    description: '`outside` stands for every address beyond the site; it cannot be touched.',
  },
  'alternate-to-self': {
    status: 422,
    title: 'A mailbox is not its own alternate',
    description: '`alternateRecipient` names the mailbox itself.',
  },
  'mailbox-in-transit': {
    status: 409,
    title: 'The mailbox is being moved',
    description: 'Changing or deleting it, or what is in it, must wait until the move has ended.',
  },
  'mailbox-moving': {
    status: 409,
    title: 'The mailbox has a move already',
    description: 'A mailbox has one move at a time.',
  },
  'same-server': {
    status: 422,
    title: 'The mailbox is there already',
    description: 'A move goes to another server than the one that holds the mailbox.',
  },
  'move-committed': {
    status: 409,
    title: 'The move is past its point of no return',
    description: 'Once the directory names the target the move goes forward only.',
  },
  'move-finished': {
    status: 409,
    title: 'The move has ended',
    description: 'It is completed, rolled back or refused: there is nothing to release or cancel.',
  },
  'not-held': {
    status: 409,
    title: 'Nothing is held',
    description: 'The move is not held, or the site is not paused.',
  },
  'idempotency-mismatch': {
    status: 422,
    title: 'The key belongs to another request',
    description: 'A key that was used before came with another body. Nothing was accepted.',
  },
  'message-too-large': {
    status: 413,
    title: 'The message is too large',
    description: 'A message has at most 25 MB, its header section included.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    description: 'The body of the request is larger than this resource takes.',
  },
  'not-found': {
    status: 404,
    title: 'Nothing is there',
    description: 'No resource has that path. `/docs` lists those that exist.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The resource does not do that',
    description: 'The path exists, but not with that method. `Allow` lists those it takes.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is of the wrong kind',
    description:
      'Bodies are JSON and are sent with `Content-Type: application/json`; a new message may be ' +
      'sent whole, as `message/rfc822`.',
  },
  overloaded: {
    status: 503,
    title: 'No new mail just now',
    description:
      'Too much is under way, Redis is nearly full, or the service is late. Nothing was ' +
      'accepted; what was accepted before goes on. Ask again after `Retry-After` seconds.',
  },
  ...ACCESS_PROBLEMS,
  unavailable: {
    status: 503,
    title: 'The service is not ready',
    description:
      'Redis cannot be reached, or takes no more, or the service is stopping. Whether anything ' +
      'happened is not known: ask again, with the same `Idempotency-Key`.',
  },
  timeout: {
    status: 504,
    title: 'It is not done yet',
    description:
      'It is kept and will be done, but its queue does not move: paused, held or behind.',
  },
  internal: {
    status: 500,
    title: 'A fault of this service',
    description: 'The log has it under the request id. What was accepted before is kept.',
  },
} as const satisfies Record<string, ProblemType>

export type ProblemCode = keyof typeof PROBLEMS

/** A refusal with a code, meant for whoever asked. Everything else that is thrown is `internal`. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly extra: Record<string, unknown>

  constructor(code: ProblemCode, detail: string, extra: Record<string, unknown> = {}) {
    super(detail)
    this.name = 'Problem'
    this.code = code
    this.status = PROBLEMS[code].status
    this.title = PROBLEMS[code].title
    this.detail = detail
    this.extra = extra
  }
}

/** What to throw: `throw problem('unknown-site', 'there is no site "x"')`. */
export function problem(code: ProblemCode, detail: string, extra = {}): Problem {
  return new Problem(code, detail, extra)
}
