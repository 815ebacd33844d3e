/**
 * The service's program: reads the options, then supervises everything or runs the roles that were
 * named.
 *
 * Started by `npm start` (after the set-up of setup/run.mjs), and by the supervisor for each role.
 */
import { helpText, readInvocation } from './config.ts'
import { runRoles } from './roles.ts'
import { exitWith } from './setup/start-error.mjs'
import { supervise } from './supervisor.ts'

// Node would print all that a stray error holds.
process.on('uncaughtException', exitWith)

try {
  const invocation = readInvocation(process.argv.slice(2), process.env)
  if (invocation.help) console.log(helpText())
  else {
    const { config } = invocation
    const { defects, profiles } = config
    if (defects.length + profiles.length > 0) {
      const { admitFiles } = await import('./own/files.ts')
      await admitFiles(defects, profiles)
    }
    await (config.roles === 'all' ? supervise(config) : runRoles(config, config.roles))
  }
} catch (error) {
  exitWith(error)
}
