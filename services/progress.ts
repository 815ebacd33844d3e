/**
 * A spinner, or a bar, for whatever takes longer than a second: on stderr, where a person looks on,
 * and gone when it is done.
 */

/** Who waits no longer than this needs to be told nothing. */
const SHOWN_AFTER_MS = 1_000
const FRAME_MS = 100
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
export const BAR_COLUMNS = 20
/** Of a terminal that does not say; and what stands beside the text. A line that breaks stays. */
const COLUMNS = 80
const ROOM_COLUMNS = 10

export interface Screen {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

/** `███████░░░` of so many columns. */
export function bar(done: number, of: number, columns = BAR_COLUMNS): string {
  const part = of <= 0 ? 0 : Math.max(0, Math.min(1, done / of))
  const full = Math.round(part * columns)
  return '█'.repeat(full) + '░'.repeat(columns - full)
}

/** Does the work, and shows meanwhile what `text` says, and for how long it has been so. */
export async function withProgress<Result>(
  text: () => string,
  work: () => Promise<Result>,
  screen: Screen = process.stderr,
): Promise<Result> {
  if (screen.isTTY !== true) return work()
  const began = performance.now()
  let frame = 0
  const timer = setInterval(() => {
    const ms = performance.now() - began
    if (ms < SHOWN_AFTER_MS) return
    frame += 1
    const turning = FRAMES[frame % FRAMES.length]
    const shown = text().slice(0, (screen.columns || COLUMNS) - ROOM_COLUMNS)
    screen.write(`\r\x1b[2K${turning} ${shown} ${Math.floor(ms / 1_000)} s`)
  }, FRAME_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    if (frame > 0) screen.write('\r\x1b[2K')
  }
}
