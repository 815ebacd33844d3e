/**
 * A worker's process dies while it hands a message over: before the smart host's reply the message
 * may arrive twice (RFC 1047), behind it once; it is never lost.
 */
import { expect, test } from 'vitest'
import { type Program, startProgram } from '../../support/program.ts'
import { ALL_ROLES, FLAWLESS, soon } from '../../support/site.ts'
import { smartHosted } from '../../support/smart-host.ts'

const hosted = smartHosted({ workers: false })

async function startWorker(): Promise<Program> {
  const { url, namespace } = hosted.connection
  const redis = ['--redis-url', url, '--namespace', namespace]
  const host = ['--smart-host', `127.0.0.1:${hosted.port}`]
  const program = startProgram(['services/main.ts', ...redis, ...host, '--role', ALL_ROLES.join()])
  await program.line(/ up \(process \d+\)/)
  return program
}

const kinds = (to: string) => hosted.at(to).map(({ type }) => type)

test('behind the reply, before the commit: it arrives once', async () => {
  const site = await hosted.open({ profile: 'modern' })
  const match = { event: 'mail.offered', mailbox: 'outside' }
  const rule = { match, when: { first: 1 }, do: { die: 'before commit' } } as const
  const { id } = await hosted.emulator.addFault(site, rule)
  await hosted.send(site, 'ann@far.example')
  const first = await startWorker()
  expect(await first.ended).toEqual({ code: null, signal: 'SIGKILL' })
  await startWorker()
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, handedOff: 1 })
  expect(await hosted.emulator.fault(site, id)).toMatchObject({ hits: 1 })
  expect(kinds('ann@far.example')).toEqual(['taken'])
})

test('in the middle of the transaction: it arrives twice', async () => {
  const site = await hosted.open({ profile: 'modern' })
  const to = 'slow@far.example'
  const first = await startWorker()
  await hosted.send(site, to)
  await expect.poll(() => kinds(to), soon).toEqual(['read'])
  first.child.kill('SIGKILL')
  await first.ended
  await startWorker()
  await expect.poll(() => kinds(to), { ...soon, timeout: 60_000 }).toHaveLength(4)
  expect(kinds(to).sort()).toEqual(['read', 'read', 'taken', 'taken'])
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, handedOff: 1 })
})
