/**
 * The doors of the service beside HTTP, as its options ask for them.
 */
import type { Config } from './options.ts'
import { listenPop3 } from './pop3/listener.ts'
import type { Store } from './pop3/maildrop.ts'
import type { Permitted } from './pop3/session.ts'
import { type Certificate, madeCertificate, readCertificate } from './smtp/certificate.ts'
import { listen } from './smtp/listener.ts'
import type { Doors } from './smtp/transaction.ts'
import { findToken, permits, type Scope, type Token } from './tokens.ts'

type Opening = Pick<Config, 'host' | 'smtpPort' | 'lmtpPort' | 'pop3Port' | 'smtpTls'>

/** Where each listens; null for one that is off. */
export interface MailPorts {
  smtp: number | null
  lmtp: number | null
  pop3: number | null
}

/** Who may: tokens, when there are any. */
export interface Access {
  authenticate?: (password: string) => string | null
  permitted?: Permitted
  /** Nobody else can hear a password here. */
  clearAuth?: boolean
}

/**
 * By tokens, when there are any: one that may inject submits, one that may read reads, and deletes
 * if it may operate as well.
 */
export function accessOf(tokens: readonly Token[], onLoopback: boolean): Access {
  if (tokens.length === 0) return {}
  const holder = (password: string, scope: Scope): string | null => {
    const token = findToken(tokens, password)
    return token && permits(token, scope) ? token.name : null
  }
  return {
    authenticate: (password) => holder(password, 'inject'),
    permitted(password) {
      if (holder(password, 'read') === null) return null
      return holder(password, 'operate') === null ? 'reads' : 'reads and deletes'
    },
    clearAuth: onLoopback,
  }
}

/** `failed` turns what listening can throw into words, with the option that mends it. */
export async function openMailDoors(
  config: Opening,
  emulator: Doors & Store,
  failed: (error: unknown, port: number, option: string) => Error,
  access: Access = {},
): Promise<MailPorts & { close(): Promise<void> }> {
  const { host } = config
  const log = console.error
  const certificate = await certificateFor(config, access)
  const opened: { close(): Promise<void> }[] = []
  const open = async (
    port: number | null,
    option: string,
    listening: (port: number) => Promise<{ port: number; close(): Promise<void> }>,
  ): Promise<number | null> => {
    if (port === null) return null
    const door = await listening(port).catch((error: unknown) => {
      throw failed(error, port, option)
    })
    opened.push(door)
    return door.port
  }
  const mail = (lmtp: boolean) => (port: number) =>
    listen({
      ...access,
      doors: emulator,
      host,
      port,
      lmtp,
      log,
      ...(certificate && { certificate }),
    })
  return {
    smtp: await open(config.smtpPort, 'smtp-port', mail(false)),
    lmtp: await open(config.lmtpPort, 'lmtp-port', mail(true)),
    pop3: await open(config.pop3Port, 'pop3-port', (port) =>
      listenPop3({
        ...access,
        store: emulator,
        host,
        port,
        log,
        ...(certificate && { certificate }),
      }),
    ),
    close: async () => void (await Promise.all(opened.map((door) => door.close()))),
  }
}

/** With tokens, a password is heard by others unless it stays on this machine or is encrypted. */
async function certificateFor(
  { smtpTls, host }: Opening,
  { authenticate, clearAuth }: Access,
): Promise<Certificate | null> {
  const mustHide = authenticate !== undefined && clearAuth !== true
  if (smtpTls === 'off' && !mustHide) return null
  const made = smtpTls === 'off' || smtpTls === 'generated'
  return made ? madeCertificate(host, Date.now()) : readCertificate(smtpTls)
}
