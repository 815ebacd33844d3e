/**
 * The doors of the service beside HTTP, as its options ask for them.
 */
import type { Config } from '../options.ts'
import { type Certificate, madeCertificate, readCertificate } from './certificate.ts'
import { type Listener, type ListenerOptions, listen } from './listener.ts'
import type { Doors } from './transaction.ts'

type Opening = Pick<Config, 'host' | 'smtpPort' | 'lmtpPort' | 'smtpTls'>

export interface MailDoors {
  /** Where each listens; null for one that is off. */
  smtp: number | null
  lmtp: number | null
  close(): Promise<void>
}

/** `failed` turns what listening can throw into words, with the option that mends it. */
export async function openMailDoors(
  config: Opening,
  doors: Doors,
  failed: (error: unknown, port: number, option: string) => Error,
  more: Pick<ListenerOptions, 'authenticate' | 'clearAuth'> = {},
): Promise<MailDoors> {
  // A password is heard by others unless it stays on this machine.
  const mustHide = more.authenticate !== undefined && more.clearAuth !== true
  const smtpTls = config.smtpTls === 'off' && mustHide ? 'generated' : config.smtpTls
  const certificate = await certificateFor({ ...config, smtpTls })
  const open = async (port: number | null, option: string, lmtp: boolean) => {
    if (port === null) return null
    const options = { ...more, doors, host: config.host, port, lmtp, log: console.error }
    return listen({ ...options, ...(certificate && { certificate }) }).catch((error: unknown) => {
      throw failed(error, port, option)
    })
  }
  const smtp = await open(config.smtpPort, 'smtp-port', false)
  const lmtp = await open(config.lmtpPort, 'lmtp-port', true)
  const opened = [smtp, lmtp].filter((door): door is Listener => door !== null)
  return {
    smtp: smtp?.port ?? null,
    lmtp: lmtp?.port ?? null,
    close: async () => void (await Promise.all(opened.map((door) => door.close()))),
  }
}

async function certificateFor({ smtpTls, host }: Opening): Promise<Certificate | null> {
  if (smtpTls === 'off') return null
  return smtpTls === 'generated' ? madeCertificate(host, Date.now()) : readCertificate(smtpTls)
}
