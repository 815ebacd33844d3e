/**
 * The lab: soon there, apart from every other, and gone without a trace.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { Redis } from 'ioredis'
import { describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { type Lab, type LabOptions, startLab, UnfiredFaults } from '../../../services/kit/lab.ts'
import { temporaryFolder } from '../../support/folder.ts'

async function lab(options: LabOptions = {}): Promise<Lab> {
  const started = await startLab(options)
  onTestFinished(started.close)
  return started
}

/** What is asked of it on a machine that has nothing else to do. */
const READY_MS = 500
/** How many are started one after the other; the fastest shows what the work itself takes. */
const STARTS = 5
/** On a busy machine everything takes longer; as long as so many starts of Node for nothing. */
const NODES = 12

async function bareNodeMs(): Promise<number> {
  const before = performance.now()
  await once(spawn(process.execPath, ['-e', '0']), 'exit')
  return performance.now() - before
}

/** Redis servers whose parent is this process. */
function children(): string[] {
  const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return found.filter((pid) => parentOf(pid) === String(process.pid))
}

function parentOf(pid: string): string | null {
  try {
    return readStat(pid)
  } catch (error) {
    // It ended while the list was being read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

const readStat = (pid: string): string | null =>
  /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? null

function isOpen(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port) })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

test('it is ready in less than half a second', async () => {
  const times: number[] = []
  const bare: number[] = []
  for (let count = 0; count < STARTS; count++) {
    bare.push(await bareNodeMs())
    const before = performance.now()
    const own = await startLab()
    times.push(performance.now() - before)
    await own.close()
  }
  const limit = Math.max(READY_MS, NODES * Math.min(...bare))
  const shown = (list: number[]): string => list.map((ms) => Math.round(ms)).join(', ')
  console.log(`a lab is ready in ${shown(times)} ms; node -e 0 takes ${shown(bare)} ms`)
  expect(Math.min(...times)).toBeLessThan(limit)
})

test('it has the mail of a site, and the ledger', async () => {
  const { send, rest, mailboxes } = await lab()
  const letter = await send({ from: 'carol', to: ['anna', 'dave'], subject: 'lunch?' })
  await letter.to('dave').until('settled')
  const { audit, blockedBy } = await rest()
  expect(blockedBy).toEqual([])
  expect(audit).toMatchObject({ atRest: true, obligations: 3, delivered: 3, lost: [] })
  expect((await mailboxes.items('bob')).items).toMatchObject([{ subject: 'lunch?' }])
})

test('its servers, mailboxes, lists, profile and domain are as they are asked for', async () => {
  const { get, mailboxes, lists } = await lab({
    profile: { extends: 'exchange-5.5-sp3', storeRetryMs: 60_000 },
    servers: ['a', 'b'],
    mailboxes: [{ alias: 'ann', server: 'b' }],
    lists: [{ alias: 'all', members: ['ann'] }],
    domain: 'ours.example',
  })
  expect(await get()).toMatchObject({
    defects: ['Q248839', 'Q247255'],
    servers: ['a', 'b'],
    mailboxes: ['ann'],
    domain: 'ours.example',
  })
  expect(await mailboxes.get('ann')).toMatchObject({ server: 'b' })
  expect(await lists.list()).toMatchObject([{ alias: 'all', members: ['ann'] }])
})

test('labs side by side do not know of one another', async () => {
  const labs = await Promise.all([lab(), lab(), lab()])
  const [first] = labs
  await first?.send({ from: 'carol', to: ['anna'] })
  const totals = await Promise.all(labs.map(async ({ rest }) => (await rest()).audit.accepted))
  expect(totals).toEqual([1, 0, 0])
  expect(new Set(labs.map(({ url }) => url)).size).toBe(3)
})

test('what is wrong with a site is told, and nothing is left open', async () => {
  const before = children()
  const started = startLab({ servers: ['a'], mailboxes: [{ alias: 'ann', server: 'z' }] })
  await expect(started).rejects.toMatchObject({ code: 'unknown-server', status: 404 })
  expect(children()).toEqual(before)
})

test('closed, it leaves no process, no folder and no port', async () => {
  // One of its own: others come and go in the usual one.
  const folder = temporaryFolder()
  vi.stubEnv('TMPDIR', folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const before = children()
  const own = await startLab({ redisUrl: '' })
  expect(children().length).toBe(before.length + 1)
  expect(readdirSync(folder)).toHaveLength(1)
  expect(await isOpen(own.url)).toBe(true)
  await own.close()
  await own.close()
  expect(children()).toEqual(before)
  expect(readdirSync(folder)).toEqual([])
  expect(await isOpen(own.url)).toBe(false)
})

test('its site may be deleted before it is closed', async () => {
  const own = await startLab()
  await own.delete()
  await own.close()
  expect(await isOpen(own.url)).toBe(false)
})

test('in a Redis that runs, it clears its namespace away', async () => {
  const client = new Redis(inject('redisUrl').replace(/^unix:\/\//, ''))
  onTestFinished(() => client.disconnect())
  const keys = async () => (await client.keys('{lab-*')).length
  const before = await keys()
  const own = await startLab({ redisUrl: inject('redisUrl') })
  await (await own.send({ from: 'carol', to: ['anna'] })).to('anna').until('delivered')
  expect(await keys()).toBeGreaterThan(before)
  await own.close()
  expect(await keys()).toBe(before)
})

describe('a fault rule that never fires', () => {
  const never = { match: { event: 'mail.offered', mailbox: 'dave' }, do: { defer: true } } as const

  test('fails the test, once all is closed', async () => {
    const own = await startLab()
    await own.faults.add(never)
    await expect(own.close()).rejects.toThrow(/never fired:\n.*"mailbox":"dave"/)
    expect(await isOpen(own.url)).toBe(false)
  })

  test('fails it, too, when it was deleted', async () => {
    const own = await startLab()
    const { id } = await own.faults.add(never)
    await own.faults.delete(id)
    await expect(own.close()).rejects.toBeInstanceOf(UnfiredFaults)
  })

  test('is let pass by who asks for it', async () => {
    const own = await startLab({ unfired: 'allow' })
    await own.faults.add(never)
    await own.close()
  })

  test('and one that fires does not', async () => {
    const own = await startLab()
    const { id } = await own.faults.add({ ...never, when: { nth: 1 } })
    await own.send({ from: 'carol', to: ['dave'] })
    await own.rest()
    await own.faults.delete(id)
    await own.close()
  })
})
