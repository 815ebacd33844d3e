/**
 * The first file of every command: `node services/setup/run.mjs start|test|... [arguments]`.
 *
 * On a fresh clone there is nothing but Node, so what it imports before the modules are installed
 * is plain JavaScript without dependencies. This file itself must parse on a Node that is too old,
 * to say so.
 */
import { nodeProblem } from './node.mjs'

const problem = nodeProblem(process.versions.node)
if (problem !== null) {
  console.error(problem)
  process.exitCode = 1
} else {
  import('./commands.mjs').then((commands) => commands.run(process.argv[2], process.argv.slice(3)))
}
