/** Fingerprints: a state's is the sum of a mixed number for each cell and its value. */

/** Two multiply-and-shift mixers with constants of their own (after those of MurmurHash3). */
export function mixLow(cell: number, value: number): number {
  if (value === 0) return 0
  let mixed = Math.imul(cell, 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return mixed ^ (mixed >>> 15)
}
export function mixHigh(cell: number, value: number): number {
  if (value === 0) return 0
  let mixed = Math.imul(cell + 0x3c6ef372, 0xc2b2ae35) ^ Math.imul(value + 0x1b873593, 0xcc9e2d51)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return mixed ^ (mixed >>> 16)
}
