/** Addresses: what is put together is taken apart again, and what is foreign stays foreign. */
import { expect, test } from 'vitest'
import {
  copyOf,
  entryKey,
  entryOf,
  kindOf,
  partsOf,
  recipientAddress,
} from '../../machines/protocol.ts'

test.each(['message', 'recipient', 'slot', 'mailbox', 'move', 'directory'])('a %s', (kind) => {
  expect(kindOf(`${kind}/a/b`)).toBe(kind)
})

test.each(['messages/a', 'mailslot/a', 'xxs/a', 'slo/a', '/a'])('%s is none of ours', (address) => {
  expect(kindOf(address)).toBe(address.slice(0, address.indexOf('/')))
})

test.each([0, 1, 2, 12])('an entry redirected %i times', (branch) => {
  const address = recipientAddress('id/nyc', { number: 34, branch })
  expect(copyOf(address)).toBe('id/nyc')
  expect(partsOf(address)).toEqual(['id', 'nyc', entryKey(34, branch)])
  expect(entryOf(entryKey(34, branch))).toEqual({ number: 34, branch })
})

test('an address of two parts, and of one', () => {
  expect(partsOf('message/id/nyc')).toEqual(['id', 'nyc'])
  expect(copyOf('message/id/nyc')).toBe('id/nyc')
  expect(partsOf('move/id')).toEqual(['id'])
})
