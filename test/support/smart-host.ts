/**
 * A site whose recipients beyond it are handed to a smart host: a real SMTP server in a process of
 * its own (`smart-host-process.ts`), which tells what happened to it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import type { SmartHost } from '../../services/smart-host/name.ts'
import { startWorkers, type Workers } from '../../services/workers.ts'
import { ALL_ROLES, liveSites, type Sites } from './site.ts'
import type { Told } from './smart-host-process.ts'

export type Transaction = Exclude<Told, { type: 'listening' }>

export interface SmartHosted extends Sites {
  /** What happened at the smart host to this recipient, in order. */
  at(to: string): Transaction[]
  port: number
  /** Stops the workers and starts others, with this smart host or none. */
  workersWith(smartHost: SmartHost | null): Promise<void>
}

const PROCESS = fileURLToPath(new URL('./smart-host-process.ts', import.meta.url))

/** Called once at the top of a file; its members are there when a test begins. */
export function smartHosted(given: { workers: boolean } = { workers: true }): SmartHosted {
  const sites = liveSites({ workers: false })
  const told: Transaction[] = []
  let host: ChildProcess
  let workers: Workers | null = null
  const start = (smartHost: SmartHost | null) =>
    startWorkers(sites.connection, { roles: [...ALL_ROLES], ...(smartHost ? { smartHost } : {}) })
  const hosted: SmartHosted = Object.assign(sites, {
    port: 0,
    at: (to: string) => told.filter((one) => one.to === to),
    async workersWith(smartHost: SmartHost | null) {
      await workers?.close()
      workers = await start(smartHost)
    },
  })
  beforeAll(async () => {
    host = fork(PROCESS, { execArgv: ['--import', 'tsx'] })
    const [listening] = (await once(host, 'message')) as [Told]
    if (listening.type === 'listening') hosted.port = listening.port
    host.on('message', (one: Transaction) => told.push(one))
    if (given.workers) workers = await start({ host: '127.0.0.1', port: hosted.port })
  })
  afterAll(async () => {
    await workers?.close()
    host.disconnect()
    await once(host, 'exit')
  })
  return hosted
}
