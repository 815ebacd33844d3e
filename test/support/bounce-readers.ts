/**
 * Readers of reports that we did not write: flufl.bounce, which mailing lists trust, and the email
 * package of Python.
 */
import { expect } from 'vitest'
import { PYTHON } from '../../services/setup/test-tools.mjs'
import { runOutside } from './outside-program.ts'

const READ = `
import email, email.policy, json, sys
from flufl.bounce import all_failures, scan_message
whole = sys.stdin.buffer.read()
message = email.message_from_bytes(whole)
temporary, permanent = all_failures(message)
modern = email.message_from_bytes(whole, policy=email.policy.default)
status = [p for p in modern.walk() if p.get_content_type() == 'message/delivery-status'][0]
print(json.dumps({
  'temporary': [a.decode() for a in temporary],
  'permanent': [a.decode() for a in permanent],
  'scanned': [a.decode() for a in scan_message(message)],
  'defects': [str(d) for p in modern.walk() for d in p.defects],
  'types': [p.get_content_type() for p in modern.iter_parts()],
  'groups': [dict(g.items()) for g in status.get_payload()],
}))`

export async function readByOthers(whole: Buffer) {
  const ended = await runOutside(PYTHON, ['-c', READ], whole)
  expect(ended.code, ended.stderr).toBe(0)
  return JSON.parse(ended.stdout) as {
    temporary: string[]
    permanent: string[]
    scanned: string[]
    defects: string[]
    types: string[]
    groups: Record<string, string>[]
  }
}
