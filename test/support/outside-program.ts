/** A program that we did not write, run to its end without holding up this process. */
import { spawn } from 'node:child_process'

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export function runOutside(
  program: string,
  args: string[],
  input: string | Buffer = '',
): Promise<Ended> {
  const child = spawn(program, args, { stdio: 'pipe' })
  const told = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text) => {
      told[name] += text
    })
  }
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...told }))
  })
}
