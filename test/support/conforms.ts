/**
 * What a test under load ends with: the journal of its site holds only steps that the machines
 * allow, in an order that they could have taken.
 */
import { expect } from 'vitest'
import { bundleFrom } from '../../services/check/conform/bundle-file.ts'
import { conform } from '../../services/check/conform/conform.ts'

export async function expectConforms(url: string, site = 'demo'): Promise<void> {
  const verdict = conform(await bundleFrom({ site, url }))
  expect(verdict).toMatchObject({ conforms: true, failure: null })
}
