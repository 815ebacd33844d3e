/**
 * From the body of `POST /sites/:site/messages` to what the emulator accepts: the checks that a
 * schema cannot make, each with a code of its own.
 */

import type { Static } from 'typebox'
import { problem } from '../errors.ts'
import { DEFERRAL_MS_MAX } from '../runtime/limits.ts'
import type { Submission } from '../runtime/views-of-mail.ts'
import { checkAddress, checkHeaderValue, checkOriginator } from './address.ts'
import { durationMs } from './duration.ts'
import { MESSAGE_BYTES_MAX, RECIPIENTS_MAX } from './limits.ts'
import type { NewMessage } from './message-schema.ts'
import { quoted } from './quoted.ts'

type Body = Static<typeof NewMessage>

const MADE_BY_US = ['subject', 'text', 'html'] as const

/** The submission, or the first thing that is wrong with it. Its `raw` has gone its own way. */
export function submissionOf(body: Body): Submission {
  checkRawAlone(body)
  checkNotify(body.notify)
  checkCount(body.to.length)
  checkSize(body)
  checkHeaderValue(body.subject ?? '', 'subject')
  const from = checkOriginator(body.from)
  body.to.forEach((address, index) => {
    checkAddress(address, `to/${index}`)
  })
  const { deferUntil, deferFor, raw: _, ...said } = body
  return { ...said, from, ...deferralOf({ deferUntil, deferFor }) }
}

/** A moment, or a time from now on; a moment that has passed is as good as none. */
export function deferralOf({
  deferUntil,
  deferFor,
}: {
  deferUntil: string | undefined
  deferFor: string | number | undefined
}): Pick<Submission, 'deferUntil' | 'deferForMs'> {
  if (deferUntil !== undefined && deferFor !== undefined) {
    throw problem('bad-request', '"deferUntil" and "deferFor" say the same; leave one out', {
      errors: [{ path: '/deferFor', message: 'cannot stand beside "deferUntil"' }],
    })
  }
  if (deferFor !== undefined) {
    return { deferForMs: durationMs(deferFor, 'deferFor', { maxMs: DEFERRAL_MS_MAX }) }
  }
  if (deferUntil === undefined) return {}
  const until = Date.parse(deferUntil)
  if (!Number.isNaN(until)) return { deferUntil: until }
  throw problem('bad-request', `"deferUntil" is ${quoted(deferUntil)}: there is no such moment`, {
    errors: [{ path: '/deferUntil', message: 'is no date and time of RFC 3339' }],
  })
}

function checkRawAlone(body: Body): void {
  if (body.raw === undefined) return
  const extra = MADE_BY_US.filter((member) => body[member] !== undefined)
  if (extra.length === 0) return
  const errors = extra.map((member) => ({
    path: `/${member}`,
    message: 'cannot stand beside "raw", which is the whole message',
  }))
  throw problem('bad-request', `"raw" is the whole message; leave out ${extra.join(', ')}`, {
    errors,
  })
}

/** RFC 3461 §4.1: NEVER stands alone. */
export function checkNotify(notify: Body['notify']): void {
  if (!notify?.includes('never') || notify.length === 1) return
  throw problem('bad-request', '"notify" says "never" and something else', {
    errors: [{ path: '/notify', message: 'must be ["never"] alone, or not hold "never"' }],
  })
}

export function checkCount(count: number): void {
  if (count === 0) throw problem('no-recipients', '"to" is empty')
  if (count <= RECIPIENTS_MAX) return
  throw problem('too-many-recipients', `"to" has ${count}; ${RECIPIENTS_MAX} may be`)
}

function checkSize({ subject, text, html }: Body): void {
  const bytes = [subject, text, html].reduce((sum, part) => {
    return sum + Buffer.byteLength(part ?? '')
  }, 0)
  if (bytes <= MESSAGE_BYTES_MAX) return
  throw problem('message-too-large', `it has ${bytes} octets; ${MESSAGE_BYTES_MAX} may be`)
}
