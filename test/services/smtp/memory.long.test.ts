/**
 * A message of 25 MB, in by SMTP or HTTP and out by HTTP and POP3, raises the memory of no process
 * of the service by 80 MB: it is never in one as a whole.
 */
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

/** The most memory that a process has had since the last `forget`, in MB. */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
const forget = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5')

interface Service {
  /** Of the API and the worker. */
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
  const pids = [...processes.matchAll(/(?:API|worker) (\d+)/g)].map(([, pid]) => Number(pid))
  expect(pids).toHaveLength(2)
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
}

test.each(Object.entries(WAYS))('a message of 25 MB by %s', async (way, send) => {
  const service = await start()
  const { pids, url, pop3 } = service
  const line = `${'x'.repeat(76)}\r\n`
  const count = Math.floor((MESSAGE_BYTES_MAX - 1_000) / line.length)
  const raw = Buffer.from(`Subject: large\r\n\r\n${line.repeat(count)}`)
  // What the first message of all costs is no matter of its size.
  await send(service, bytesOf('Subject: small\r\n\r\n'))
  pids.forEach(forget)
  const before = pids.map(peakOf)
  const id = await send(service, raw)
  const path = `${url}/sites/demo/messages/${id}/recipients/dave@demo.example`
  await fetch(`${path}?until=settled&timeout=30s`)
  const read = await fetch(`${url}/sites/demo/mailboxes/dave/messages/${id}/raw`)
  const bytes = Buffer.from(await read.arrayBuffer())
  expect(bytes.subarray(-raw.length).equals(raw)).toBe(true)
  if (hasTool('curl')) {
    const ended = await runOutside('curl', ['-s', `pop3://dave%40demo.example:any@${pop3}/2`])
    expect(Buffer.from(ended.stdout).subarray(-raw.length).equals(raw)).toBe(true)
  }
  const raised = pids.map((pid, i) => peakOf(pid) - (before[i] as number))
  console.log(`25 MB by ${way} raised the API's memory and the worker's by (MB)`, raised)
  for (const one of raised) expect(one).toBeLessThan(RAISED_MB_MAX)
})
