/**
 * The schemas of the views and the interfaces of the port are the same types: the serializer drops
 * what a schema does not name, so a member that one of them lacks would be lost without a word.
 */

import type { Static, TSchema } from 'typebox'
import { expectTypeOf, test } from 'vitest'
import type { Audit } from '../../../services/api/audit.ts'
import type { BundleFile } from '../../../services/api/bundle-schema.ts'
import type { Advanced, Clock } from '../../../services/api/clock.ts'
import type { Held } from '../../../services/api/debug.ts'
import type { Fault } from '../../../services/api/fault-schema.ts'
import type { Item, ItemDetail } from '../../../services/api/items.ts'
import type { Mailbox } from '../../../services/api/mailboxes.ts'
import type {
  Accepted,
  Entry,
  Message,
  MessageSummary,
  NewMessage,
} from '../../../services/api/message-schema.ts'
import type { Move } from '../../../services/api/moves.ts'
import type { JournalEntry, TimelineEntry, WaitsFor } from '../../../services/api/schema.ts'
import type { Site } from '../../../services/api/sites.ts'
import type { Logs } from '../../../services/api/tracking.ts'
import type * as bundling from '../../../services/runtime/views-of-bundle.ts'
import type * as driving from '../../../services/runtime/views-of-driving.ts'
import type * as mail from '../../../services/runtime/views-of-mail.ts'
import type { TrackingLogs } from '../../../services/tracking/logs.ts'

/** The same members, whatever stands in them. */
type Members<Schema extends TSchema> = keyof Static<Schema>

test('a view has the members that its schema names, and of the same types', () => {
  expectTypeOf<Static<typeof Site>>().toEqualTypeOf<mail.SiteView>()
  expectTypeOf<Static<typeof Mailbox>>().toEqualTypeOf<mail.MailboxView>()
  expectTypeOf<Static<typeof Item>>().toEqualTypeOf<mail.ItemView>()
  expectTypeOf<Static<typeof ItemDetail>>().toEqualTypeOf<mail.ItemDetail>()
  expectTypeOf<Static<typeof Entry>>().toEqualTypeOf<mail.EntryView>()
  expectTypeOf<Static<typeof Message>>().toEqualTypeOf<mail.MessageView>()
  expectTypeOf<Static<typeof MessageSummary>>().toEqualTypeOf<mail.MessageSummary>()
  expectTypeOf<Static<typeof Accepted>>().toEqualTypeOf<Omit<mail.Accepted, 'replayed'>>()
  expectTypeOf<Static<typeof Move>>().toEqualTypeOf<driving.MoveView>()
  expectTypeOf<Static<typeof Audit>>().toEqualTypeOf<driving.Audit>()
  expectTypeOf<Static<typeof Clock>>().toEqualTypeOf<driving.ClockView>()
  expectTypeOf<Static<typeof Advanced>>().toEqualTypeOf<driving.Advanced>()
  expectTypeOf<Static<typeof Held>>().toEqualTypeOf<driving.HeldEvent>()
  expectTypeOf<Static<typeof WaitsFor>>().toEqualTypeOf<mail.WaitsFor>()
  expectTypeOf<Static<typeof TimelineEntry>>().toEqualTypeOf<mail.TimelineEntry>()
  expectTypeOf<Static<typeof Logs>>().toEqualTypeOf<TrackingLogs>()
  expectTypeOf<Static<typeof JournalEntry>>().toEqualTypeOf<driving.JournalEntry>()
})

test('what is submitted, what makes a fault and a bundle have the same members', () => {
  expectTypeOf<Members<typeof BundleFile>>().toEqualTypeOf<keyof bundling.Bundle>()
  // Within, a duration is a number, and its name says of what; a whole message goes its own way.
  type Submitted = Exclude<Members<typeof NewMessage>, 'deferFor' | 'raw'> | 'deferForMs'
  expectTypeOf<Submitted>().toEqualTypeOf<keyof mail.Submission>()
  expectTypeOf<Members<typeof Fault>>().toEqualTypeOf<keyof driving.FaultView>()
})
