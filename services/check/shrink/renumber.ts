/**
 * Recipients after one that is left out have a number less; entries, copies and reports are named
 * by it.
 */
import type { Address } from '../../../machines/protocol.ts'
import type { ScheduleStep } from '../schedule.ts'

/** Steps with addresses as they are when the message has no recipient of this number. */
export function renumbered(steps: ScheduleStep[], message: string, gone: number): ScheduleStep[] {
  return steps.map((step) => {
    if (step.do === 'act') return step
    const { to, entry, from } = step.event
    const event = {
      ...step.event,
      to: addressWithout(to, message, gone),
      ...(entry === undefined ? {} : { entry: addressWithout(entry, message, gone) }),
      ...(from === undefined ? {} : { from: addressWithout(from, message, gone) }),
    }
    return { ...step, event }
  })
}

function addressWithout(address: Address, message: string, gone: number): Address {
  const [kind = '', id = '', copy, key] = address.split('/')
  const [root, report, ...deeper] = id.split('~')
  if (root !== message) return address
  if (report !== undefined) {
    const named = [root, keyWithout(report, gone), ...deeper].join('~')
    return [kind, named, copy, key].filter((part) => part !== undefined).join('/')
  }
  const parts = [kind, id]
  if (copy !== undefined) parts.push(copyWithout(copy, gone))
  if (key !== undefined) parts.push(keyWithout(key, gone))
  return parts.join('/')
}

/** `3r` is the redirected entry of the third recipient. */
const keyWithout = (key: string, gone: number): string =>
  key.replace(/^\d+/, (number) => `${Number(number) > gone ? Number(number) - 1 : number}`)

/** A transfer's copy is `<server>.<hop>.<key>`. */
const copyWithout = (copy: string, gone: number): string =>
  copy.replace(/\.(\d+)\.([^.]+)$/, (_, hop, key) => `.${hop}.${keyWithout(key, gone)}`)
