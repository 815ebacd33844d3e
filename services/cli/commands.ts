/**
 * Every command of `undeliverable`, in the order in which they are told.
 *
 * Each is loaded for every call, so what only some need (readers of files) they load themselves.
 */
import { batch } from './batch.ts'
import type { Command } from './command.ts'
import { completionOf } from './completion.ts'
import { diff } from './diff.ts'
import { audit, send } from './mail.ts'
import { hold, move, release } from './moves.ts'
import { programs } from './programs.ts'
import { site } from './sites.ts'
import { watch } from './watch.ts'
import { importFile, prefill } from './world.ts'

const [start, ...others] = programs

export const commands: Command[] = [
  ...(start ? [start] : []),
  ...[site, importFile, prefill, send, move, hold, release, batch, watch, audit],
  ...others,
  diff,
  completionOf(() => commands),
]
