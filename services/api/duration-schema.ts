/** Durations in a body and in a query; `duration.ts` reads them. */
import { Type } from 'typebox'

/** In a body: text or a number of milliseconds. */
export const Duration = Type.Union([Type.String(), Type.Number()], {
  title: 'Duration',
  description: 'A number of milliseconds, or text: `500ms`, `30s`, `10m`, `1h30m`, `7d`.',
  examples: ['10m'],
})

/** In a query everything is text; digits alone are milliseconds. */
export const QueryDuration = Type.String({
  description: 'A duration: `500ms`, `30s`, `10m`, or digits for milliseconds.',
  examples: ['30s'],
})
