/** A table for a terminal: every column as wide as its widest cell, figures to the right. */
export function table(heads: string[], rows: (string | number)[][]): string {
  const all = [heads, ...rows.map((row) => row.map(String))]
  const widths = heads.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)))
  return all
    .map((row) => `${row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')}\n`)
    .join('')
}
