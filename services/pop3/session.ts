/**
 * One POP3 session: the commands of RFC 1939 with UIDL and TOP, and CAPA of RFC 2449. The user is a
 * mailbox's address, as `anna@demo.example`; `outside@…` holds what left the site.
 */
import { Problem } from '../errors.ts'
import { WRONG_PASSWORDS_MAX } from './limits.ts'
import { type Maildrop, type Message, openMaildrop, type Store } from './maildrop.ts'

export interface Reply {
  /** Without `+OK` or `-ERR`. */
  text: string
  ok: boolean
  /** Lines or bytes behind it, up to the closing dot. */
  body?: string[] | AsyncIterable<Buffer>
  /** TOP: the header section, and so many lines. */
  lines?: number
  end?: boolean
}

export interface Session {
  take(line: string): Promise<Reply>
}

const ok = (text: string, more: Partial<Reply> = {}): Reply => ({ ok: true, text, ...more })
const no = (text: string, more: Partial<Reply> = {}): Reply => ({ ok: false, text, ...more })

const CAPABILITIES = ['USER', 'UIDL', 'TOP', 'PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE', 'UTF8']

/** Null: nothing. */
export type Permitted = (password: string) => 'reads' | 'reads and deletes' | null

export interface Access {
  /** What this password may; without it any may everything. */
  permitted: Permitted | undefined
  /** Others could hear it now. */
  refusesClear(): boolean
  offersTls(): boolean
}

export function openSession(store: Store, { permitted, refusesClear, offersTls }: Access): Session {
  let user = ''
  let wrong = 0
  let deletes = false
  let drop: Maildrop | null = null

  async function authorize(command: string, rest: string): Promise<Reply> {
    if (command === 'USER') {
      user = rest
      return rest === '' ? no('USER takes a mailbox') : ok('and the password?')
    }
    if (command !== 'PASS') return no('USER and PASS come first')
    if (user === '') return no('USER comes first')
    if (refusesClear()) return no('[AUTH] a password is taken behind STLS only')
    const may = permitted ? permitted(rest) : 'reads and deletes'
    if (may === null) {
      wrong += 1
      return no('[AUTH] that password is not permitted', { end: wrong >= WRONG_PASSWORDS_MAX })
    }
    deletes = may === 'reads and deletes'
    drop = await openMaildrop(store, user)
    return drop ? ok(`${drop.messages().length} messages`) : no('[AUTH] there is no such mailbox')
  }

  return {
    async take(line) {
      const [, command = '', rest = ''] = /^(\S+)(?: (.*))?$/.exec(line) ?? []
      const name = command.toUpperCase()
      if (name === 'CAPA') {
        const body = offersTls() ? [...CAPABILITIES, 'STLS'] : CAPABILITIES
        return ok('what is offered', { body })
      }
      if (name === 'QUIT') return quit(drop)
      if (name === 'UTF8') return ok('every mailbox is in UTF-8')
      if (drop && name === 'DELE' && !deletes) return no('[AUTH] that password may only read')
      try {
        return drop ? await transact(drop, name, rest.trim()) : await authorize(name, rest)
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        const why = error.code === 'mailbox-in-transit' ? 'IN-USE' : 'SYS/TEMP'
        return no(`[${why}] ${error.detail}`.replace(/\s+/g, ' '))
      }
    },
  }
}

async function quit(drop: Maildrop | null): Promise<Reply> {
  const { refused } = drop ? await drop.update() : { refused: 0 }
  if (refused === 0) return ok('bye', { end: true })
  return no(`[IN-USE] the mailbox is being moved: ${refused} were not deleted`, { end: true })
}

/** RFC 1939 §5: the TRANSACTION state. */
async function transact(drop: Maildrop, command: string, rest: string): Promise<Reply> {
  const [first = '', second = ''] = rest.split(/\s+/)
  const number = /^\d{1,9}$/.test(first) ? Number(first) : 0
  const meant = first === '' ? null : number
  switch (command) {
    case 'STAT': {
      const sizes = await drop.sizes(drop.messages())
      return ok(`${sizes.length} ${sizes.reduce((sum, size) => sum + size, 0)}`)
    }
    case 'LIST':
      return listed(drop, meant, drop.sizes)
    case 'UIDL':
      return listed(drop, meant, async (messages) => messages.map(({ id }) => id))
    case 'RETR': {
      const raw = await drop.read(number)
      return ok(`${raw.size} octets`, { body: raw.pieces() })
    }
    case 'TOP': {
      if (!/^\d{1,9}$/.test(second)) return no('TOP takes a message and a number of lines')
      const raw = await drop.read(number)
      return ok('the top of it', { body: raw.pieces(), lines: Number(second) })
    }
    case 'DELE':
      drop.mark(number)
      return ok(`message ${number} is deleted at the end`)
    case 'RSET':
      drop.unmarkAll()
      return ok('nothing is deleted')
    case 'NOOP':
      return ok('')
    default:
      return no('that command is not known here')
  }
}

/** Of all, or of the one that was asked for. */
async function listed(
  drop: Maildrop,
  meant: number | null,
  what: (messages: Message[]) => Promise<(string | number)[]>,
): Promise<Reply> {
  const messages = drop.messages().filter(({ number }) => meant === null || number === meant)
  const said = await what(messages)
  const lines = messages.map(({ number }, i) => `${number} ${said[i]}`)
  if (meant === null) return ok(`${lines.length} messages`, { body: lines })
  const [line] = lines
  return line === undefined ? no(`there is no message ${meant}`) : ok(line)
}
