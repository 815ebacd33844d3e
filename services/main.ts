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
  else if (invocation.config.roles === 'all') await supervise(invocation.config)
  else await runRoles(invocation.config, invocation.config.roles)
} catch (error) {
  exitWith(error)
}
