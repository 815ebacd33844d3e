/**
 * The whole service, with real processes under load: it ends within a stated time when it is asked
 * to, at once when it is asked again, and either way nothing that was answered with 202 is lost.
 */
import { expect, onTestFinished, test } from 'vitest'
import { STOP_WITHIN_MS } from '../../services/supervisor.ts'
import { expectConforms } from '../support/conforms.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Program, startProgram } from '../support/program.ts'
import { soon } from '../support/site.ts'

interface Load {
  /** Ids that were answered with 202. */
  accepted: string[]
  stop(): Promise<void>
}

async function send(url: string): Promise<string> {
  const answer = await fetch(`${url}/sites/demo/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'carol', to: ['anna', 'dave', 'nobody'], subject: 'x' }),
  })
  const body = (await answer.json()) as { id: string }
  return answer.status === 202 ? body.id : 'refused'
}

/** Nobody listens there any more, or the answer broke off: then nothing was promised. */
function unlessItIsGone(error: Error): 'gone' {
  if (error instanceof TypeError) return 'gone'
  throw error
}

/** Four clients, each sending one message after another until nobody answers. */
function load(url: string): Load {
  const accepted: string[] = []
  let going = true
  const client = async (): Promise<void> => {
    while (going) {
      const id = await send(url).catch(unlessItIsGone)
      if (id === 'gone') return
      if (id !== 'refused') accepted.push(id)
    }
  }
  const clients = Array.from({ length: 4 }, client)
  return {
    accepted,
    async stop() {
      going = false
      await Promise.all(clients)
    },
  }
}

async function start(data: string): Promise<{ service: Program; url: string }> {
  const service = startProgram(['services/main.ts', '--port', '0', '--data', data, ...ALWAYS])
  const [, url = ''] = /HTTP +(\S+)/.exec(await service.line(/^ {2}HTTP/)) ?? []
  return { service, url }
}
const ALWAYS = ['--durability', 'always']

/** Whatever was under way at the end arrives; each message that was promised is there, once. */
async function expectKept(data: string, accepted: string[]): Promise<void> {
  const { service, url } = await start(data)
  const audit = async () => (await fetch(`${url}/sites/demo/audit?rest=5s`)).json()
  await expect.poll(audit, { timeout: 60_000 }).toMatchObject({
    ...{ atRest: true, pending: 0, lost: [], duplicated: [], unexpected: [], falseReports: [] },
  })
  for (const id of accepted) {
    const answer = await fetch(`${url}/sites/demo/messages/${id}`)
    expect(await answer.json()).toMatchObject({ id, state: 'settled' })
  }
  await expectConforms(url)
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
}

/** Processes start and end several times, on a machine that may be busy. */
const LONG = { timeout: 120_000 }

test('SIGTERM under load: ended in time, and all that was accepted is kept', LONG, async () => {
  const data = temporaryFolder()
  const { service, url } = await start(data)
  const sending = load(url)
  onTestFinished(() => sending.stop())
  await expect.poll(() => sending.accepted.length, soon).toBeGreaterThan(30)
  const asked = performance.now()
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
  expect(performance.now() - asked).toBeLessThan(STOP_WITHIN_MS)
  await sending.stop()
  expect(service.lines.join('\n')).not.toMatch(/it is killed|it ends now/)
  await expectKept(data, sending.accepted)
})

test(
  'a second SIGTERM under load: ended at once, and all that was accepted is kept',
  LONG,
  async () => {
    const data = temporaryFolder()
    const { service, url } = await start(data)
    const sending = load(url)
    onTestFinished(() => sending.stop())
    await expect.poll(() => sending.accepted.length, soon).toBeGreaterThan(30)
    service.child.kill('SIGINT')
    await service.line(/^Stopping/)
    // Another signal is another request, however soon.
    service.child.kill('SIGTERM')
    expect(await service.ended).toEqual({ code: 130, signal: null })
    await sending.stop()
    await expectKept(data, sending.accepted)
  },
)
