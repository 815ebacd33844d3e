/**
 * Mailpit's API v1 below each mailbox and each site, in Mailpit's own shapes: a client that was
 * written for Mailpit needs only that prefix for its base URL, or a host or query that names it
 * (`mailpit/choice.ts`).
 *
 * Which calls are served, and which are not, is a table in `services/README.md`.
 */
import { changing } from './mailpit/changing.ts'
import { reading } from './mailpit/reading.ts'
import { sending } from './mailpit/sending.ts'
import { socket } from './mailpit/socket.ts'
import type { Resource } from './resource.ts'

export const mailpit: Resource[] = [...reading, ...changing, ...sending, ...socket]
