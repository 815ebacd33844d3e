/**
 * Starts the one Redis of a test run, in memory and on a unix socket, and hands its URL to every
 * test.
 *
 * Runs in vitest's main process: the Redis dies with it, however it ends.
 */
import type { TestProject } from 'vitest/node'
import { openEmbedded } from '../../services/redis/embedded.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    redisUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await openEmbedded({ durability: 'memory' })
  project.provide('redisUrl', redis.url)
  return redis.stop
}
