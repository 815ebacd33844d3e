/**
 * A message of 25 MB, in by SMTP and out by HTTP, raises the service's memory by less than 80 MB:
 * it is never in the process as a whole.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'
import { MESSAGE_BYTES_MAX } from '../../../services/api/limits.ts'
import { bytesOf } from '../../support/bytes.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { startProgram } from '../../support/program.ts'

const RAISED_MB_MAX = 80

/** The most memory that a process has had since the last `forget`, in MB. */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
const forget = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5')

test('a message of 25 MB', async () => {
  const RUN = ['services/setup/run.mjs', 'start', '--port', '0', '--data', temporaryFolder()]
  const service = startProgram([...RUN, '--durability', 'memory'])
  const pid = Number(/API (\d+)/.exec(await service.line(/^ {2}processes/))?.[1])
  const smtp = (await service.line(/^ {2}SMTP/)).trim().split(/\s+/)[1] ?? ''
  const url = (await service.line(/^ {2}HTTP/)).trim().split(/\s+/)[1] ?? ''
  const line = `${'x'.repeat(76)}\r\n`
  const count = Math.floor((MESSAGE_BYTES_MAX - 1_000) / line.length)
  const raw = Buffer.from(`Subject: large\r\n\r\n${line.repeat(count)}`)
  const transport = createTransport(`smtp://${smtp}`)
  const send = async (bytes: Buffer) => {
    const envelope = { from: 'ann@far.example', to: 'dave@demo.example' }
    const { response } = await transport.sendMail({ envelope, raw: bytes })
    return /accepted as (\S+)/.exec(response)?.[1] as string
  }
  // What the first message of all costs is no matter of its size.
  await send(bytesOf('Subject: small\r\n\r\n'))
  forget(pid)
  const before = peakOf(pid)
  const id = await send(raw)
  const path = `${url}/sites/demo/messages/${id}/recipients/dave@demo.example`
  await fetch(`${path}?until=settled&timeout=30s`)
  const read = await fetch(`${url}/sites/demo/mailboxes/dave/messages/${id}/raw`)
  const bytes = Buffer.from(await read.arrayBuffer())
  expect(bytes.subarray(-raw.length).equals(raw)).toBe(true)
  const raised = peakOf(pid) - before
  console.log(`25 MB raised the memory of the API process by ${raised.toFixed(0)} MB`)
  expect(raised).toBeLessThan(RAISED_MB_MAX)
  transport.close()
  service.child.kill('SIGTERM')
  await service.ended
})
