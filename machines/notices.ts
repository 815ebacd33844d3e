/**
 * Notices: what an originator is told beside failures, when that was asked for (RFC 3461 NOTIFY).
 *
 * `success` asks to be told once of an entry that was delivered: `relayed` when it left for a
 * system beyond the site, which may tell nothing of its own; `expanded` when it goes to an
 * alternate recipient as well, or was a distribution list (RFC 3464 §2.3.3), whose members then
 * tell nothing of their own (RFC 3461 §5.2.7); else `delivered`. `delay` asks to be told once
 * that an entry is still deferred after the time that the profile sets. An alternate beside its
 * primary tells nothing of its own, since nobody named it; in its place, it does.
 *
 * A machine asks for a notice whenever there may be one; whether there is follows from what was
 * asked for, and changes nothing of the entry's course. It is a report like any other: a message of
 * its own with a null sender, and never about one that has a null sender itself (I4). It is no
 * failure report, so I3 does not count it.
 */
import type { Send } from './compose.ts'
import type { Address } from './protocol.ts'
import { submitNotice } from './reporting.ts'
import type { Notice } from './told.ts'
import type { Stored } from './wire.ts'
import { headerOf, type Working } from './working.ts'

/** What is to be told of an entry that has just been delivered or deferred, if anything. */
export function noticeOf(working: Working, actor: Stored): Notice | null {
  const { entry, noticed = [], siblings = 1 } = actor.a
  const header = headerOf(working)
  if (!entry?.notify || !header || header.originator === '') return null
  if (actor.s === 'expanded') return entry.notify.includes('success') ? 'expanded' : null
  if (actor.s === 'delivered') {
    if (!entry.notify.includes('success')) return null
    if (entry.address.includes('@')) return 'relayed'
    return siblings > 1 && entry.branch === 0 ? 'expanded' : 'delivered'
  }
  if (!entry.notify.includes('delay') || noticed.includes('delayed')) return null
  const { at, site } = working.given
  const from = header.deferUntil ?? header.submittedAt
  return at - from >= site.profile.delayNoticeMs ? 'delayed' : null
}

/** Where a machine asks for a notice, it is submitted if there is anything to tell. */
export function noticesFrom(working: Working, self: Address, actor: Stored): Send[] {
  const notice = noticeOf(working, actor)
  return notice ? submitNotice(working, self, notice) : []
}
