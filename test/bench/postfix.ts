/**
 * Postfix, for comparison: Debian's package with a configuration of its own in a temporary folder,
 * on a port of loopback, delivering to one maildir.
 *
 * Nothing of the machine's own Postfix is read or changed. Left out of it is what costs time and is
 * not asked of us either: looking up names, limits by client, the mailbox's size.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MESSAGE_BYTES_MAX } from '../../services/api/limits.ts'

export interface Postfix {
  port: number
  /** Messages in its maildir. */
  held(): number
  /** Throws them away. */
  empty(): void
  close(): Promise<void>
  /** At once. */
  kill(): void
}

/** Where Debian's package has it. */
const POSTFIX = '/usr/sbin/postfix'
export const SMTP_SOURCE = '/usr/sbin/smtp-source'
const DAEMONS = '/usr/lib/postfix/sbin'
/** `nobody`, whom virtual(8) writes as: it may not be root. */
const NOBODY = 65_534
const UP_WITHIN_MS = 10_000
const LOOK_MS = 20

/** Why Postfix cannot be run here, in words; null when it can. */
export function whyNoPostfix(): string | null {
  try {
    execFileSync(POSTFIX, ['-h'], { stdio: 'ignore' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return `there is no ${POSTFIX}`
  }
  return process.getuid?.() === 0 ? null : 'only root may start it'
}

export async function openPostfix(domain: string): Promise<Postfix> {
  const folder = mkdtempSync(join(tmpdir(), 'undeliverable-postfix-'))
  // Its daemons are other users.
  chmodSync(folder, 0o755)
  const port = await freePort()
  const arrived = join(layOut(folder, domain, port), 'new')
  const conf = join(folder, 'conf')
  const child = spawn(POSTFIX, ['-c', conf, 'start-fg'], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const kill = (): void => {
    execFileSync(POSTFIX, ['-c', conf, 'abort'], { stdio: 'ignore' })
    rmSync(folder, { recursive: true, force: true })
  }
  await listening(child, port)
  return {
    port,
    held: () => readdirSync(arrived).length,
    empty() {
      for (const name of readdirSync(arrived)) unlinkSync(join(arrived, name))
    },
    async close() {
      execFileSync(POSTFIX, ['-c', conf, 'stop'], { stdio: 'ignore' })
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
    kill,
  }
}

/** The maildir. */
function layOut(folder: string, domain: string, port: number): string {
  const [conf, data, mail] = ['conf', 'data', 'mail'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const maildir = join(mail, 'box')
  for (const one of [conf, data, mail, maildir, join(folder, 'queue')]) mkdirSync(one)
  chownSync(data, userId('postfix'), -1)
  for (const one of ['', 'new', 'cur', 'tmp']) {
    mkdirSync(join(maildir, one), { recursive: true })
    chownSync(join(maildir, one), NOBODY, NOBODY)
  }
  writeFileSync(join(conf, 'main.cf'), mainOf(folder, domain))
  writeFileSync(join(conf, 'master.cf'), masterOf(port))
  writeFileSync(join(conf, 'dynamicmaps.cf'), '')
  return maildir
}

const userId = (name: string): number =>
  Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }))

const mainOf = (folder: string, domain: string): string => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
daemon_directory = ${DAEMONS}
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.${domain}
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
alias_database =
maillog_file = ${folder}/mail.log
maillog_file_prefixes = ${folder}
virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:${NOBODY}
virtual_gid_maps = static:${NOBODY}
virtual_mailbox_limit = 0
message_size_limit = ${MESSAGE_BYTES_MAX}
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
disable_dns_lookups = yes
`

/** The services that such mail goes through, none of them in a chroot. */
const masterOf = (port: number): string => `
127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const until = performance.now() + UP_WITHIN_MS
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`Postfix ended at once, with ${child.exitCode}.`)
    const socket = connect({ host: '127.0.0.1', port })
    const answered = await Promise.race([
      once(socket, 'data').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (answered) return
    await sleep(LOOK_MS)
  }
  throw new Error(`Postfix does not answer after ${UP_WITHIN_MS / 1_000} s.`)
}
