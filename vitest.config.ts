/**
 * The tests' runner: one embedded Redis for the whole run (test/support/redis-for-all.ts), each
 * test in a namespace of its own. Tests that take long end in `.long.test.ts` and run with `npm run
 * test:all` only.
 */
import { defineConfig } from 'vitest/config'

const everything = process.env.UNDELIVERABLE_TESTS === 'all'

/**
 * The package's own exports are its sources here, and what was built of them for everybody else.
 * The others are what Vite has by itself.
 */
const conditions = ['checkout', 'module', 'node', 'development|production']

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: everything ? [] : ['test/**/*.long.test.ts'],
    globalSetup: ['test/support/redis-for-all.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    pool: 'forks',
    // A process keeps the modules that it has loaded for the next file: a quarter of all the work.
    // A file that changes what a module knows resets them behind it. What takes long also takes
    // room, and has a process for itself.
    isolate: everything,
    // Most files wait for processes more than they compute: as many at once as there are cores.
    maxWorkers: '100%',
    // Real processes on a machine that may be busy: a test that is stuck fails, one that is slow
    // does not.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
