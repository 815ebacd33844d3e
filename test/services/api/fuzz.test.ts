/** A fuzz of every route: some hundred requests of another seed each time (fuzz-run.ts). */
import { test } from 'vitest'
import { fuzz } from './fuzz-run.ts'
import { liveWorld } from './live-world.ts'

const world = liveWorld()

test('hundreds of requests', { timeout: 120_000 }, () => fuzz(world, 400))
