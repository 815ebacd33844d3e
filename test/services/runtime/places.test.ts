/** A store that a mailbox has left remembers what was delivered there: that is no removal. */
import { expect, test } from 'vitest'
import { forgetEarlierStays } from '../../../services/runtime/places.ts'

test('what is held somewhere was removed nowhere', () => {
  const leaf = { places: ['lon'], removed: ['nyc'] }
  forgetEarlierStays(leaf)
  expect(leaf).toEqual({ places: ['lon'], removed: [] })
})

test('what is held nowhere was removed where it was', () => {
  const leaf = { places: [], removed: ['nyc'] }
  forgetEarlierStays(leaf)
  expect(leaf).toEqual({ places: [], removed: ['nyc'] })
})
