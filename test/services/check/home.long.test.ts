/**
 * Everything that happened on an eventful site, done again by another live system in exactly the
 * order of its journal.
 */
import { expect, test } from 'vitest'
import { homeOf } from '../../../services/check/home/home.ts'
import { replay } from '../../../services/check/replay/play.ts'
import { openService } from '../../../services/check/replay/system.ts'
import { clientAt } from '../../../services/scenario/client.ts'
import { liveSites } from '../../support/site.ts'
import { eventfulBundle } from './conform-site.ts'

const sites = liveSites()

test.each(['exchange-5.5-sp3', 'exchange-5.5-sp4', 'modern'])(
  'a whole journal under %s',
  { timeout: 180_000 },
  async (profile) => {
    const bundle = await eventfulBundle(sites, profile)
    const { schedule } = homeOf(bundle, 'it')
    const service = await openService()
    try {
      const result = await replay(clientAt(service.url), schedule, { service })
      expect(result.differs).toBeNull()
      expect(result.entries.filter(({ same }) => !same)).toEqual([])
      expect(result).toMatchObject({ same: true, taken: schedule.steps.length })
    } finally {
      await service.close()
    }
  },
)
