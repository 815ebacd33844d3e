/** Logs as their readers see them: split at tabs, a recipient's line with its message's. */
import { dayOf } from '../../../services/tracking/days.ts'
import type { World } from '../api/live-world.ts'

export interface Record {
  id: string
  event: number
  at: string
  partner: string
  originator: string
  report: string
  fields: string[]
  recipients: { name: string; status: string }[]
}

/** Throws where the text is not what Q173280 describes. */
export function trackingRecords(text: string): Record[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const records: Record[] = []
  while (lines.length > 0) {
    const fields = (lines.shift() as string).split('\t')
    if (fields.length !== 13) throw new Error(`${fields.length} fields: ${fields.join('|')}`)
    const [id = '', event, at = '', , partner = '', , originator = ''] = fields
    const recipients = lines.splice(0, Number(fields[12])).map((line) => {
      const [name, status, ...more] = line.split('\t')
      if (name === undefined || status === undefined || more.length > 0) throw new Error(line)
      return { name, status }
    })
    const report = fields[11] as string
    records.push({ id, event: Number(event), at, partner, originator, report, fields, recipients })
  }
  return records
}

/** `9 anna`, `34 anna 1`: an event with its recipients, by the last part of their names. */
export const inShort = ({ event, recipients }: Record): string =>
  [
    event,
    ...recipients.map(({ name, status }) => `${name.split(/cn=|SMTP:/).at(-1)} ${status}`.trim()),
  ].join(' ')

export interface LogEvent {
  source: string
  type: string
  category: string
  event: number
  computer: string
  description: string
}

export function logEvents(text: string): LogEvent[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const cells = line.split('\t')
    if (cells.length !== 9) throw new Error(`${cells.length} columns: ${line}`)
    const [, , source = '', type = '', category = '', event, , computer = '', text = ''] = cells
    return { source, type, category, event: Number(event), computer, description: text }
  })
}

/** Today's log of the test's site, by its clock. */
export async function today(world: World): Promise<string> {
  const { body } = await world.get<{ now: string }>(`${world.site}/clock`)
  return `${dayOf(Date.parse(body.now))}.log`
}

export async function trackingToday(world: World): Promise<Record[]> {
  const file = await today(world)
  const { body } = await world.get(`${world.site}/tracking.log/${file}`)
  return trackingRecords(body as unknown as string)
}

export async function eventsOf(world: World): Promise<LogEvent[]> {
  const { body } = await world.get(`${world.site}/event.log`)
  return logEvents(body as unknown as string)
}
