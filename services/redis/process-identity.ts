/**
 * Tells whether a process is still the one that it was: a process id alone is used again.
 *
 * On Linux the identity is the boot and the time of start in /proc; elsewhere `ps` tells the time
 * of start. A process that is dead but not yet reaped is gone.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

export interface ProcessIdentity {
  pid: number
  identity: string
}

/**
 * Where the start time and the state stand in /proc/<pid>/stat, counted after the name (proc(5)).
 */
const STATE_FIELD = 0
const START_TIME_FIELD = 19

export function identify(pid: number): ProcessIdentity | null {
  const identity = existsSync('/proc/self/stat') ? fromProc(pid) : fromPs(pid)
  return identity === null ? null : { pid, identity }
}

export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.identity === process.identity
}

function fromProc(pid: number): string | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null // no such process: there is no way to ask first that it could not vanish after
  }
  // The name is in parentheses and may hold any character, so the fields begin after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[STATE_FIELD] === 'Z' || fields[STATE_FIELD] === 'X') return null
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return `${boot}/${fields[START_TIME_FIELD]}`
}

function fromPs(pid: number): string | null {
  const answer = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
  const [state = '', ...started] = (answer.stdout ?? '').trim().split(/\s+/)
  return answer.status !== 0 || state === '' || state.startsWith('Z') ? null : started.join(' ')
}
