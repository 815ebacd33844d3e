/**
 * A message of 25 MB, in by SMTP or HTTP and out by HTTP, POP3 and Mailpit's API, as it is and
 * taken apart, does not raise the memory of the service by 80 MB: API, worker and Redis together.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import { MESSAGE_BYTES_MAX } from '../../../services/api/limits.ts'
import { hasTool } from '../../../services/setup/test-tools.mjs'
import { bytesOf } from '../../support/bytes.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { runOutside } from '../../support/outside-program.ts'
import { startProgram } from '../../support/program.ts'

const RAISED_MB_MAX = 80
/** What is encoded and decoded ten times takes a busy machine a minute. */
const WITHIN_MS = 120_000

/** The most memory that a process has had since the last `forget`, in MB. */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
const forget = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5')

const childrenOf = (pid: number, name: string): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .map(Number)
    .filter((one) => one > 0 && readFileSync(`/proc/${one}/comm`, 'utf8').trim() === name)

interface Service {
  /** Of Redis, the API and the worker. */
  pids: number[]
  url: string
  smtp: string
  pop3: string
}

async function start(): Promise<Service> {
  const RUN = ['services/setup/run.mjs', 'start', '--port', '0', '--smtp-port', '0']
  const more = ['--pop3-port', '0', '--data', temporaryFolder(), '--durability', 'memory']
  const service = startProgram([...RUN, ...more])
  onTestFinished(async () => {
    service.child.kill('SIGTERM')
    await service.ended
  })
  const placeOf = async (line: RegExp) => (await service.line(line)).trim().split(/\s+/)[1] ?? ''
  const processes = await service.line(/^ {2}processes/)
  const roles = [...processes.matchAll(/(?:API|worker) (\d+)/g)].map(([, pid]) => Number(pid))
  const pids = [...childrenOf(service.child.pid as number, 'redis-server'), ...roles]
  expect(pids).toHaveLength(3)
  return {
    pids,
    url: await placeOf(/^ {2}HTTP/),
    smtp: await placeOf(/^ {2}SMTP/),
    pop3: await placeOf(/^ {2}POP3/),
  }
}

/** Each sends to dave and says the id. */
const WAYS: Record<string, (service: Service, raw: Buffer) => Promise<string>> = {
  async SMTP({ smtp }, raw) {
    const transport = createTransport(`smtp://${smtp}`)
    const envelope = { from: 'ann@far.example', to: 'dave@demo.example' }
    const { response } = await transport.sendMail({ envelope, raw })
    transport.close()
    return /accepted as (\S+)/.exec(response)?.[1] as string
  },
  async HTTP({ url }, raw) {
    const headers = { 'content-type': 'message/rfc822' }
    const to = `${url}/sites/demo/messages?from=ann@far.example&to=dave`
    const answer = await fetch(to, { method: 'POST', headers, body: new Uint8Array(raw) })
    return ((await answer.json()) as { id: string }).id
  },
  'HTTP in JSON': ({ url }, raw) => inJson(url, { raw: `${raw}` }),
}

async function inJson(url: string, content: object): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ from: 'ann@far.example', to: ['dave'], ...content })
  const answer = await fetch(`${url}/sites/demo/messages`, { method: 'POST', headers, body })
  return ((await answer.json()) as { id: string }).id
}

/** With one file that fills it. */
function letter(): { raw: Buffer; file: Buffer } {
  const file = randomBytes(Math.floor(((MESSAGE_BYTES_MAX - 1_000) * 57) / 78))
  const lines = file.toString('base64').replace(/.{76}/g, '$&\r\n')
  const type = 'Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64'
  return { raw: Buffer.from(`Subject: large\r\n${type}\r\n\r\n${lines}\r\n`), file }
}

/** The body of the answer. */
const read = async (url: string): Promise<Buffer> =>
  Buffer.from(await (await fetch(url)).arrayBuffer())

/** What is done with the message, each within the limit. */
function watched(pids: number[]) {
  const raised: Record<string, number> = {}
  return {
    raised,
    async within<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
      pids.forEach(forget)
      const before = pids.map(peakOf)
      const result = await work()
      const each = pids.map((pid, i) => peakOf(pid) - (before[i] as number))
      raised[what] = Math.round(each.reduce((sum, one) => sum + one))
      return result
    },
  }
}

test.each(Object.entries(WAYS))(
  'a message of 25 MB by %s',
  { timeout: WITHIN_MS },
  async (way, send) => {
    const service = await start()
    const { pids, url, pop3 } = service
    const { raw, file } = letter()
    expect(raw.length).toBeGreaterThan(0.99 * MESSAGE_BYTES_MAX)
    const mailbox = `${url}/sites/demo/mailboxes/dave`
    const arrived = async (bytes: Buffer) => {
      const id = await send(service, bytes)
      await read(`${url}/sites/demo/messages/${id}/recipients/dave?until=settled&timeout=30s`)
      return id
    }
    // What the first message of all costs is no matter of its size.
    const small = await arrived(bytesOf('Subject: small\r\n\r\n'))
    await read(`${mailbox}/messages/${small}`)
    const { raised, within } = watched(pids)
    const id = await within('to take it', () => arrived(raw))
    const item = `${mailbox}/messages/${id}`
    const bytes = await within('to read it', () => read(`${item}/raw`))
    expect(bytes.subarray(-raw.length).equals(raw)).toBe(true)
    if (hasTool('curl')) {
      const args = ['-s', `pop3://dave%40demo.example:any@${pop3}/2`]
      const ended = await within('to read it by POP3', () => runOutside('curl', args))
      expect(Buffer.from(ended.stdout).subarray(-raw.length).equals(raw)).toBe(true)
    }
    const shown = await within('to take it apart', () => read(item))
    expect(JSON.parse(`${shown}`)).toMatchObject({ attachments: [{ size: file.length }] })
    const part = `${mailbox}/api/v1/message/${id}/part/1`
    for (const [whose, path] of Object.entries({ ours: `${item}/attachments/1`, Mailpit: part })) {
      expect((await within(`to read its file, ${whose}`, () => read(path))).equals(file)).toBe(true)
    }
    const listed = await within('to list it', () => read(`${mailbox}/api/v1/messages`))
    expect(JSON.parse(`${listed}`)).toMatchObject({ messages: [{ ID: id }, { ID: small }] })
    console.log(`25 MB by ${way}, MB:`, raised)
    for (const one of Object.values(raised)) expect(one).toBeLessThan(RAISED_MB_MAX)
  },
)

test('texts of 25 MB', { timeout: WITHIN_MS }, async () => {
  const { pids, url } = await start()
  const line = 'Ein Text, wie er überall vorkommt.\r\n'
  const texts = (bytes: number) => {
    const text = line.repeat(bytes / 2 / Buffer.byteLength(line))
    return { subject: 'large', text, html: `<p>${text}</p>` }
  }
  const mailbox = `${url}/sites/demo/mailboxes/dave/messages`
  const arrived = async (content: object) => {
    const id = await inJson(url, content)
    await read(`${url}/sites/demo/messages/${id}/recipients/dave?until=settled&timeout=30s`)
    return id
  }
  await read(`${mailbox}/${await arrived({ subject: 'small', text: 'x' })}`)
  const { raised, within } = watched(pids)
  const large = texts(0.99 * MESSAGE_BYTES_MAX)
  const id = await within('to take them', () => arrived(large))
  const raw = await within('to read them', () => read(`${mailbox}/${id}/raw`))
  const parts = `${raw}`.split(/\r\n\r\n(?=[\w+/]{76}\r\n)/).slice(1)
  const decoded = parts.map((part) =>
    Buffer.from(part.split('--')[0] as string, 'base64').toString(),
  )
  expect(decoded).toEqual([large.text, large.html])
  const shown = await within('to take them apart', () => read(`${mailbox}/${id}`))
  expect(JSON.parse(`${shown}`)).toMatchObject({ subject: 'large', whole: false })
  console.log('25 MB of texts, MB:', raised)
  for (const one of Object.values(raised)) expect(one).toBeLessThan(RAISED_MB_MAX)
})
