/**
 * `bench -- smtp`: messages a second from the first connection until every message is in its
 * mailbox, ours and Postfix's, under the load of one program, Postfix's smtp-source.
 *
 * Both take turns within the same minute, with as many messages. Ours are settled when the site has
 * no pending copy; the ledger then has to say that each was delivered. Postfix's are settled when
 * its maildir has as many files more. Each connection is kept and sends one message after the
 * other, to one recipient, who is the same for all.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Durability } from '../../services/redis/durability.ts'
import type { Client } from '../../services/runtime/commit.ts'
import { part } from '../../services/runtime/keys.ts'
import type { Audit } from '../../services/runtime/views-of-driving.ts'
import { onSignals } from '../../services/shutdown.ts'
import { type Done, perSecond, round, sum, WARM_UP_MS } from './load.ts'
import type { Options } from './options.ts'
import { openPostfix, type Postfix, SMTP_SOURCE, whyNoPostfix } from './postfix.ts'
import { reportMs } from './report.ts'
import { openService, type Service } from './service.ts'
import { table } from './table.ts'

export interface SmtpRun {
  durability: Durability
  connections: number
  bytes: number
  messages: number
  messagesPerSecond: number
  postfixMessagesPerSecond: number
  ratio: number
}

export interface Smtp {
  /** Why there are no runs; null when there are. */
  skipped: string | null
  runs: SmtpRun[]
  /** To build one report. */
  reportMs: number
}

const SITE = 'bench'
const DOMAIN = `${SITE}.example`
const RECIPIENT = 'box'
/**
 * How often ours and Postfix take turns. What a disk takes for a moment doubles or halves what
 * Postfix does in one.
 */
const TURNS = 4
/** Each turn takes so much of the time that is asked for. */
const TURN = 1 / 2
/** The first load has so many messages for each connection; then more, until it takes its time. */
const FIRST_EACH = 4
const GROWTH_MOST = 8
/** The warm-up is of small messages, so many for each connection at a time. */
const WARM_UP_EACH = 20
const WARM_UP_BYTES = 1_024
/** What one load writes at most: Redis keeps it in memory, and the disk has to take it thrice. */
const LOAD_BYTES_MAX = 256 * 1024 * 1024
const LOOK_MS = 10
/** Far longer than any load takes: something is stuck. */
const PATIENCE_MS = 120_000

export async function benchSmtp(options: Options): Promise<Smtp> {
  const skipped = whyNoPostfix()
  const runs: SmtpRun[] = []
  if (skipped === null) {
    const postfix = await openPostfix(DOMAIN)
    try {
      for (const durability of options.durability) {
        runs.push(...(await underDurability(durability, postfix, options)))
      }
    } finally {
      await postfix.close()
    }
  }
  return { skipped, runs, reportMs: await reportMs() }
}

async function underDurability(
  durability: Durability,
  postfix: Postfix,
  options: Options,
): Promise<SmtpRun[]> {
  const service = await openService(options.profile, durability)
  onSignals({
    orderly: async () => void (await Promise.all([service.close(), postfix.close()])),
    atOnce() {
      service.kill()
      postfix.kill()
    },
  })
  const runs: SmtpRun[] = []
  try {
    const ours = await openOurs(service)
    await warmUp(ours, options)
    for (const connections of options.connections) {
      for (const bytes of options.sizes) {
        console.error(`${durability}, ${connections} connections, ${bytes} bytes ...`)
        const load = { connections, bytes, forMs: options.seconds * 1_000 * TURN }
        runs.push({ durability, ...(await sideBySide(ours, theirs(postfix), load)) })
      }
    }
    await ours.close()
  } finally {
    await service.close()
  }
  return runs
}

interface Load {
  connections: number
  bytes: number
  forMs: number
}

/** A server under test. */
interface Server {
  port: number
  /** Resolves when so many messages, all that were sent since the last time, are in a mailbox. */
  settled(messages: number): Promise<void>
}

async function sideBySide(ours: Server, postfix: Server, load: Load) {
  const messages = await messagesFor(ours, load)
  await send(postfix, load, Math.min(messages, load.connections * FIRST_EACH))
  const mine: Done[] = []
  const others: Done[] = []
  for (let turn = 0; turn < TURNS; turn++) {
    mine.push(await send(ours, load, messages))
    others.push(await send(postfix, load, messages))
  }
  const [messagesPerSecond, postfixMessagesPerSecond] = [perSecond(mine), perSecond(others)]
  return {
    connections: load.connections,
    bytes: load.bytes,
    messages: sum(mine.map((done) => done.messages)),
    messagesPerSecond: round(messagesPerSecond),
    postfixMessagesPerSecond: round(postfixMessagesPerSecond),
    ratio: round(messagesPerSecond / postfixMessagesPerSecond, 2),
  }
}

/** Each service is new, whereas Postfix is as fast at once as it will be. */
async function warmUp(ours: Server, { connections: [connections = 1] }: Options): Promise<void> {
  const until = performance.now() + WARM_UP_MS
  const load = { connections, bytes: WARM_UP_BYTES, forMs: 0 }
  while (performance.now() < until) await send(ours, load, connections * WARM_UP_EACH)
}

/** As many as take ours the time that is asked for. */
async function messagesFor(ours: Server, load: Load): Promise<number> {
  const most = Math.max(load.connections, Math.floor(LOAD_BYTES_MAX / load.bytes))
  let messages = Math.min(most, load.connections * FIRST_EACH)
  for (;;) {
    const { tookMs } = await send(ours, load, messages)
    if (tookMs >= load.forMs / 2 || messages === most) {
      return Math.min(most, Math.ceil((messages * load.forMs) / tookMs))
    }
    messages = Math.min(most, messages * Math.min(GROWTH_MOST, Math.ceil(load.forMs / tookMs)))
  }
}

async function send(server: Server, load: Load, messages: number): Promise<Done> {
  const began = performance.now()
  const source = spawn(SMTP_SOURCE, [
    ...['-4', '-d', '-s', `${Math.min(load.connections, messages)}`, '-m', `${messages}`],
    ...['-l', `${load.bytes}`, '-f', `sender@${DOMAIN}`, '-t', `${RECIPIENT}@${DOMAIN}`],
    `127.0.0.1:${server.port}`,
  ])
  let said = ''
  source.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const [code] = await once(source, 'close')
  if (code !== 0) throw new Error(`smtp-source ended with ${code}: ${said}`)
  await server.settled(messages)
  return { messages, tookMs: performance.now() - began }
}

async function openOurs(service: Service): Promise<Server & { close(): Promise<void> }> {
  const mailboxes = [RECIPIENT, 'sender'].map((alias) => ({ alias, server: 'nyc' }))
  const site = { name: SITE, profile: 'modern', servers: ['nyc'], domain: DOMAIN, mailboxes }
  await service.http.post('/sites', site)
  const client = service.connection.client() as Client
  const pending = part(
    { namespace: service.connection.namespace, site: SITE, shards: 1 },
    0,
    'pending',
  )
  let sent = 0
  return {
    port: service.smtpPort,
    // A message is pending from the commit that accepts it.
    async settled(messages) {
      sent += messages
      await until(async () => (await client.scard(pending)) === 0)
    },
    async close() {
      client.disconnect()
      const audit = await service.http.get<Audit>(`/sites/${SITE}/audit?rest=30s`)
      const { atRest, delivered, lost, duplicated, unexpected } = audit
      const wrong = lost.length + duplicated.length + unexpected.length
      if (atRest && wrong === 0 && delivered === sent) return
      throw new Error(`${sent} were sent; the ledger says ${JSON.stringify(audit).slice(0, 1_000)}`)
    },
  }
}

const theirs = (postfix: Postfix): Server => ({
  port: postfix.port,
  async settled(messages) {
    await until(async () => postfix.held() >= messages)
    postfix.empty()
  },
})

async function until(is: () => Promise<boolean>): Promise<void> {
  const began = performance.now()
  while (!(await is())) {
    if (performance.now() - began > PATIENCE_MS) {
      throw new Error(`Messages have not settled in ${PATIENCE_MS / 1_000} s.`)
    }
    await sleep(LOOK_MS)
  }
}

export function smtpText({ skipped, runs, reportMs }: Smtp): string {
  const heads = [
    ...['durability', 'connections', 'bytes', 'messages'],
    ...['messages/s', 'Postfix', 'ratio'],
  ]
  const rows = runs.map((run) => [
    ...[run.durability, run.connections, run.bytes, run.messages],
    ...[run.messagesPerSecond, run.postfixMessagesPerSecond, run.ratio],
  ])
  const compared =
    skipped === null
      ? table(heads, rows)
      : `Nothing was compared with Postfix: ${skipped}. (Debian: apt-get install postfix)\n`
  return `${compared}A report is built in ${reportMs} ms.\n`
}
