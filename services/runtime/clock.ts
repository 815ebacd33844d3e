/**
 * Site time: a line through one point of real time, with a slope.
 *
 * `at` is the site time at real time `real`; a stopped clock has scale 0 and remembers none of its
 * former slope. Site time never runs backward: every change begins where the clock stands. All
 * values are milliseconds.
 */
export interface Clock {
  at: number
  real: number
  scale: number
}

/**
 * A year of site time in half a minute; faster than that, timers would only come in heaps. [ours]
 */
export const SCALE_MAX = 1_000_000

/**
 * A job that waits for no date in real time is put this far away, and put there again if it ever
 * comes.
 */
export const PARKED_MS = 365 * 24 * 3_600_000

export const siteTime = (clock: Clock, real: number): number =>
  Math.floor(clock.at + Math.max(0, real - clock.real) * clock.scale)

/** How long in real time until a site time is reached. */
export function realDelay(clock: Clock, due: number, real: number): number {
  const left = due - siteTime(clock, real)
  if (left <= 0) return 0
  return clock.scale === 0 ? PARKED_MS : Math.min(PARKED_MS, Math.ceil(left / clock.scale))
}

export const startedClock = (real: number): Clock => ({ at: real, real, scale: 1 })

export const withScale = (clock: Clock, scale: number, real: number): Clock => ({
  at: siteTime(clock, real),
  real,
  scale,
})

/** Jumps forward; a jump back is none. */
export const jumpedTo = (clock: Clock, at: number, real: number): Clock => ({
  at: Math.max(at, siteTime(clock, real)),
  real,
  scale: clock.scale,
})
