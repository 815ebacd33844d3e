/**
 * The schemas of the views and the interfaces of the port are the same types: the serializer drops
 * what a schema does not name, so a member that one of them lacks would be lost without a word.
 */

import type { Static, TSchema } from 'typebox'
import { expectTypeOf, test } from 'vitest'
import type { Audit } from '../../../services/api/audit.ts'
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
import type * as port from '../../../services/runtime/emulator.ts'

/** The same members, whatever stands in them. */
type Members<Schema extends TSchema> = keyof Static<Schema>

test('a view has the members that its schema names, and of the same types', () => {
  expectTypeOf<Static<typeof Site>>().toEqualTypeOf<port.SiteView>()
  expectTypeOf<Static<typeof Mailbox>>().toEqualTypeOf<port.MailboxView>()
  expectTypeOf<Static<typeof Item>>().toEqualTypeOf<port.ItemView>()
  expectTypeOf<Static<typeof ItemDetail>>().toEqualTypeOf<port.ItemDetail>()
  expectTypeOf<Static<typeof Entry>>().toEqualTypeOf<port.EntryView>()
  expectTypeOf<Static<typeof Message>>().toEqualTypeOf<port.MessageView>()
  expectTypeOf<Static<typeof MessageSummary>>().toEqualTypeOf<port.MessageSummary>()
  expectTypeOf<Static<typeof Accepted>>().toEqualTypeOf<Omit<port.Accepted, 'replayed'>>()
  expectTypeOf<Static<typeof Move>>().toEqualTypeOf<port.MoveView>()
  expectTypeOf<Static<typeof Audit>>().toEqualTypeOf<port.Audit>()
  expectTypeOf<Static<typeof Clock>>().toEqualTypeOf<port.ClockView>()
  expectTypeOf<Static<typeof Advanced>>().toEqualTypeOf<port.Advanced>()
  expectTypeOf<Static<typeof Held>>().toEqualTypeOf<port.HeldEvent>()
  expectTypeOf<Static<typeof WaitsFor>>().toEqualTypeOf<port.WaitsFor>()
  expectTypeOf<Static<typeof TimelineEntry>>().toEqualTypeOf<port.TimelineEntry>()
  expectTypeOf<Static<typeof JournalEntry>>().toEqualTypeOf<port.JournalEntry>()
})

test('what is submitted and what makes a fault have the same members', () => {
  expectTypeOf<Members<typeof NewMessage>>().toEqualTypeOf<keyof port.Submission>()
  expectTypeOf<Members<typeof Fault>>().toEqualTypeOf<keyof port.FaultView>()
})
