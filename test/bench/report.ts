/**
 * How long it takes to build a report, with a message of 50 KB to return.
 */
import { RETURNED_BYTES_MAX, renderReport } from '../../services/mime/report.ts'
import { percentile, round } from './load.ts'

const REPORTS = 1_000
const DOMAIN = 'bench.example'

/** The median. */
export async function reportMs(): Promise<number> {
  const bytes = Buffer.alloc(RETURNED_BYTES_MAX, 'Subject: Lunch?\r\n\r\nAt noon, as always. ')
  const original = {
    size: bytes.length,
    first: bytes,
    broughtBy: { helo: 'client.example', address: '192.0.2.1' },
    async *pieces() {
      yield bytes
    },
  }
  const at = Date.now()
  const facts = {
    ...{ message: '01a2-3', entry: '1', recipient: 'anna', address: 'anna', subject: 'Lunch?' },
    ...{ code: { reason: 1, diagnostic: 0 }, sentAt: at, failedAt: at, server: 'nyc' },
  }
  const site = { name: 'bench', domain: DOMAIN }
  const took: number[] = []
  for (let i = 0; i < REPORTS; i++) {
    const began = performance.now()
    const { pieces } = renderReport(`01a2-3.${i}`, 'carol', facts, original, site)
    for await (const piece of pieces()) if (piece.length === 0) throw new Error('It is empty.')
    took.push(performance.now() - began)
  }
  return round(percentile(took, 50), 3)
}
