/**
 * The tests' Redis, a fresh namespace at a time, and a count of the clients that a test has left
 * open.
 */
import { uuidv7 } from 'uuidv7'
import { inject } from 'vitest'
import { type Connection, connect } from '../../services/redis/connect.ts'

/** Nothing in it, and nobody else on it; its keys end with the test run. */
export function freshConnection(): Connection {
  return connect({
    redisUrl: inject('redisUrl'),
    namespace: `test-${uuidv7()}`,
    durability: 'memory',
  })
}

/**
 * The clients that are open in the connection's namespace. Each bears it in its name (BullMQ's own
 * names hold the prefix of the queue, which begins with it).
 */
export async function openClients(connection: Connection): Promise<string[]> {
  const client = connection.client()
  try {
    await client.client('SETNAME', 'the-one-who-counts')
    const list = String(await client.client('LIST'))
    return list.split('\n').filter((line) => line.includes(connection.namespace))
  } finally {
    client.disconnect()
  }
}
