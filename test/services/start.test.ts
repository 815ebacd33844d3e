/**
 * The real service, as `npm start` runs it: everything up, mail delivered, a worker killed, the
 * data there again.
 */
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { delivered, settled, start, stop, submit, urlOf } from '../support/started.ts'

test('mail goes through, a killed worker costs nothing, a second start has it all', async () => {
  const data = temporaryFolder()
  const first = start(data)
  const url = await urlOf(first)
  const before = await submit(url)
  expect(await settled(url, before)).toMatchObject(delivered)
  const worker = /worker (\d+)/.exec(await first.line(/^ {2}processes/))?.[1]
  process.kill(Number(worker), 'SIGKILL')
  const between = await submit(url)
  await first.line(/^The worker process is up again/)
  expect(await settled(url, between)).toMatchObject(delivered)
  await stop(first)

  const second = start(data)
  const urlAgain = await urlOf(second)
  for (const id of [before, between]) {
    expect(await settled(urlAgain, id)).toMatchObject(delivered)
  }
  await stop(second)
})
