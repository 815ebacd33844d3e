/** The real service, as `npm start` runs it, as a child of a test. */
import { expect } from 'vitest'
import { type Program, startProgram } from './program.ts'

export const RUN = 'services/setup/run.mjs'

export function start(data: string): Program {
  return startProgram([RUN, 'start', '--port', '0', '--data', data, '--durability', 'always'])
}

export async function urlOf(service: Program): Promise<string> {
  await service.line(/^ {2}processes/)
  return (await service.line(/^ {2}HTTP/)).trim().split(/\s+/)[1] ?? ''
}

export async function submit(url: string): Promise<string> {
  const answer = await fetch(`${url}/sites/demo/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'carol@demo.example', to: ['dave@demo.example'], subject: 'hi' }),
  })
  expect(answer.status).toBe(202)
  const { id, durability } = (await answer.json()) as { id: string; durability: string }
  expect(durability).toBe('always')
  return id
}

export async function settled(url: string, id: string): Promise<unknown> {
  const query = 'until=settled&timeout=20s'
  const place = `${url}/sites/demo/messages/${id}/recipients/dave@demo.example`
  return (await fetch(`${place}?${query}`)).json()
}

export async function stop(service: Program): Promise<void> {
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
}

export const delivered = {
  reached: true,
  entries: [expect.objectContaining({ outcome: 'delivered' })],
}
