/** A fuzz of every route: ten thousand requests of another seed each time (fuzz-run.ts). */
import { test } from 'vitest'
import { fuzz } from './fuzz-run.ts'
import { liveWorld } from './live-world.ts'

const world = liveWorld()

test('ten thousand requests', { timeout: 900_000 }, () => fuzz(world, 10_000))
