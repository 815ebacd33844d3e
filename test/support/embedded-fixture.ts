/** Opens an embedded Redis as a service does, says where, and stays until it is killed. */
import { openEmbedded } from '../../services/redis/embedded.ts'
import type { Binding } from '../../services/redis/launch.ts'
import { exitWith } from '../../services/setup/start-error.mjs'

const [dataFolder = '', binding = 'pdeathsig'] = process.argv.slice(2)
try {
  const redis = await openEmbedded({
    durability: 'always',
    dataFolder,
    binding: binding as Binding,
  })
  console.log(`redis ${redis.pid()} at ${redis.url}`)
} catch (error) {
  exitWith(error)
}
