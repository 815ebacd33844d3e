/**
 * The endings of reports that can never be made: each entry that one was to tell of becomes a dead
 * letter.
 */
import type { End } from '../../machines/keep.ts'
import type { Stored } from '../../machines/wire.ts'
import { stateName } from '../../machines/words.ts'
import { asciiJson } from './ascii.ts'
import { actor, type Burial, burial, burialOf, type Grave, parsed, versionOf } from './bury.ts'
import { messageKey } from './keys.ts'

/** A report that cannot be submitted: what it was to tell becomes a dead letter. */
export async function reportEnds(grave: Grave, id: string): Promise<Burial> {
  const failed = await burial(grave.client, grave.settings, id.split('~')[0] ?? '', grave.at)
  for (const [field, end] of reportsIn(failed)) if (end.report === id) letterFor(failed, field, end)
  return burialOf(failed)
}

/** What a copy has gathered and cannot send: each becomes a dead letter. */
export async function gatheredEnds(grave: Grave, copy: string): Promise<Burial> {
  const text = grave.fields[`m/${copy}`]
  const before = parsed<Stored>(text)
  const { owed, ...about } = before?.a ?? {}
  for (const [field, end] of reportsIn(grave)) {
    if (!field.startsWith(`e/${copy}/`)) continue
    const key = messageKey(grave.settings, end.report as string)
    // Where it cannot be read what was gathered, it is that of which there is no report.
    const waits = owed
      ? owed.some(({ entry }) => entry === end.entry)
      : (await grave.client.exists(key)) === 0
    if (waits) letterFor(grave, field, end)
  }
  const address = `message/${grave.id}/${copy}`
  grave.timers.push([`${address}|report|`, null])
  if (!before || !owed) return burialOf(grave)
  const v = versionOf(text)
  grave.actors.push(actor(grave, `m/${copy}`, v, { ...before, v: v + 1, a: about }))
  grave.states.push([address, stateName(before.s)])
  return burialOf(grave)
}

const reportsIn = ({ fields }: Grave): [string, End][] =>
  Object.entries(fields).flatMap(([field, text]): [string, End][] => {
    const end = field.startsWith('e/') ? parsed<End>(text) : null
    return end?.kind === 'report' ? [[field, end]] : []
  })

function letterFor(grave: Grave, field: string, { entry, report }: End): void {
  const why = 'the report could not be made'
  const letter: End = { entry, kind: 'deadLetter', why, at: grave.at }
  grave.commands.push(['HSET', messageKey(grave.settings, grave.id), field, asciiJson(letter)])
  grave.words.push(`the report ${report}: dead letter`)
}
