/**
 * What the service writes to its log, read whole: nothing of what a message holds, and no token,
 * whatever goes wrong.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, inject, test } from 'vitest'
import { loggedError } from '../../services/api/problems.ts'
import { traceOf } from '../../services/setup/start-error.mjs'
import { makeSecret } from '../../services/tokens.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Program, startProgram } from '../support/program.ts'
import { ask, say } from './api/raw-client.ts'

/** Found nowhere else: each part of a message has one of its own. */
const SECRETS = ['subject', 'text', 'html', 'header', 'raw', 'broken', 'token'].map(
  (part) => `zq-${part}-${makeSecret()}`,
)
const [subject, text, html, header, raw, broken, foreign] = SECRETS as [string, ...string[]]
const token = makeSecret()

interface Service {
  program: Program
  url: string
  redis: Redis
}

async function start(): Promise<Service> {
  const folder = temporaryFolder()
  const tokens = join(folder, 'tokens')
  writeFileSync(tokens, `everything read,inject,operate ${token}\n`)
  const args = ['--port', '0', '--durability', 'memory', '--tokens', tokens, '--log-level', 'trace']
  const program = startProgram(['services/setup/run.mjs', 'start', ...args])
  await program.line(/^ {2}processes/)
  const url = (await program.line(/^ {2}HTTP/)).trim().split(/\s+/)[1] ?? ''
  const socket = /embedded, (\S+)/.exec(await program.line(/^ {2}Redis/))?.[1] ?? ''
  return { program, url, redis: new Redis(socket) }
}

const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

function post(url: string, path: string, body: unknown) {
  const sent = typeof body === 'string' ? body : JSON.stringify(body)
  return ask(url, { method: 'POST', path, headers, body: sent })
}

const parts = { from: 'carol', to: ['anna', 'dave'], subject, text, html }
const whole = {
  from: 'carol',
  to: ['dave'],
  raw: `X-Header: ${header}\r\nSubject: ${subject}\r\n\r\n${raw}\r\n`,
}

/** Mail that goes through, is refused, is nonsense, or comes when Redis is full. */
async function useIt({ url, redis }: Service): Promise<void> {
  const messages = '/sites/demo/messages'
  for (const message of [parts, whole]) {
    const accepted = await post(url, messages, message)
    expect(accepted.status).toBe(202)
    const path = `${messages}/${JSON.parse(accepted.body).id}/recipients/dave`
    const settled = await ask(url, { path: `${path}?until=settled&timeout=20s`, headers })
    expect(JSON.parse(settled.body)).toMatchObject({ reached: true })
  }
  expect((await post(url, messages, `{"from":"carol","text":"${broken}`)).status).toBe(400)
  expect((await post(url, messages, { ...parts, subject: `${broken}\r\nX: y` })).status).toBe(400)
  expect((await post(url, messages, { ...whole, raw: `${broken}\r\n${raw}` })).status).toBe(400)
  expect((await post(url, messages, { ...parts, [broken as string]: 1 })).status).toBe(400)
  await redis.config('SET', 'maxmemory', '1')
  expect((await post(url, messages, parts)).status).toBe(503)
  await redis.config('SET', 'maxmemory', '0')
}

async function tryToGetIn({ url }: Service): Promise<void> {
  const wrong = { authorization: `Bearer ${foreign}` }
  expect((await ask(url, { path: '/sites', headers: wrong })).status).toBe(401)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const [given, status] of [[foreign, 401] as const, [token, 303] as const]) {
    const body = `token=${given}&next=/queues`
    expect((await ask(url, { method: 'POST', path: '/login', headers: form, body })).status).toBe(
      status,
    )
  }
  expect(await say(url, `NONSENSE ${foreign}\r\n\r\n`)).toContain(' 400 ')
}

test('the log of a run holds no content and no token', async () => {
  const service = await start()
  await useIt(service)
  await tryToGetIn(service)
  service.redis.disconnect()
  service.program.child.kill('SIGTERM')
  await service.program.ended
  const log = service.program.lines.join('\n')
  // It is the log, and of all that: what was asked for, and the trouble.
  expect(log).toContain('/sites/demo/messages')
  expect(log).toContain('"msg":"answered"')
  expect(log).toMatch(/"level":50,.*OOM/)
  for (const secret of [...SECRETS, token]) expect(log).not.toContain(secret)
})

test('an error of Redis holds the command, and what is logged of it does not', async () => {
  const redis = new Redis(inject('redisUrl').replace('unix://', ''))
  await redis.set('log-test', 'no list')
  const failed = await redis.lpush('log-test', text as string).then(
    () => new Error('it was taken'),
    (error: Error) => error,
  )
  redis.disconnect()
  expect(JSON.stringify(failed)).toContain(text)
  expect(JSON.stringify(loggedError(failed))).not.toContain(text)
  expect(traceOf(new Error('outer', { cause: failed }))).not.toContain(text)
  expect(traceOf(new Error('outer', { cause: failed }))).toContain('WRONGTYPE')
})
