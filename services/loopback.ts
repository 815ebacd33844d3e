/**
 * What is loopback: an address to listen on, and a name under which a client may reach it.
 *
 * A page of any site can be told that its own name lies at 127.0.0.1 (DNS rebinding) and would then
 * be of the same origin as this service. Its requests still bear its name as `Host`.
 */
import { isIPv4 } from 'node:net'

/** Whether only this machine can reach what listens there. A name that we do not know is not. */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, '')
  return plain === 'localhost' || plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'))
}

/** Whether a `Host` header names this machine and no other; a port does not matter. */
export function namesLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '')
  if (name === '[::1]') return true
  return isLoopback(name) ? !name.includes(':') : /^(?:[a-z0-9-]{1,63}\.)+localhost$/.test(name)
}
