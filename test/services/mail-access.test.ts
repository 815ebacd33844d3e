/** With tokens, who may submit by SMTP, and who may read by POP3. */
import { expect, test } from 'vitest'
import { accessOf } from '../../services/mail-doors.ts'
import { makeSecret, parseTokens } from '../../services/tokens.ts'

test('a token opens the door that it has the scope for, and no other', () => {
  const [writer, reader, owner] = [makeSecret(), makeSecret(), makeSecret()]
  const file = `ci inject ${writer}\nviewer read ${reader}\nme read,operate ${owner}\n`
  const access = accessOf(parseTokens(file, 'the file'), true)
  expect(access.authenticate?.(writer)).toBe('ci')
  expect(access.authenticate?.(reader)).toBeNull()
  expect(access.authenticate?.('')).toBeNull()
  expect(access.permitted?.(reader)).toBe('reads')
  expect(access.permitted?.(owner)).toBe('reads and deletes')
  expect(access.permitted?.(writer)).toBeNull()
  expect(access.clearAuth).toBe(true)
})

test('without tokens nobody is asked, and beyond loopback a password is hidden', () => {
  expect(accessOf([], false)).toEqual({})
  const tokens = parseTokens(`ci inject ${makeSecret()}`, 'the file')
  expect(accessOf(tokens, false).clearAuth).toBe(false)
})
