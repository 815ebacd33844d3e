/** The supervisor as in services/main.ts, over the roles of role-fixture.mjs. */
import { fileURLToPath } from 'node:url'
import { readInvocation } from '../../services/config.ts'
import { exitWith } from '../../services/setup/start-error.mjs'
import { supervise } from '../../services/supervisor.ts'

const fixture = fileURLToPath(new URL('./role-fixture.mjs', import.meta.url))
const invocation = readInvocation(process.argv.slice(2), process.env)
if (invocation.help) throw new Error('the fixture has no help')
try {
  await supervise(invocation.config, (roles) => [fixture, roles.join('+')])
} catch (error) {
  exitWith(error)
}
