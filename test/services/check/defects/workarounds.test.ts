/**
 * The advice of Q248839 and of Q258473, side by side: `machines/workarounds.md`, which
 * `npx vitest run test/services/check/defects -u` writes anew.
 */
import { describe, expect, test } from 'vitest'
import { type Checked, check } from '../../../../services/check/explore/check.ts'
import { MODERN, ONCE, SP3, SP4 } from '../verdict.ts'
import { ADVICE, type Advice, alternateHasIt, endsOf, planFor } from './workarounds.ts'

const MEMORY_MB = 500
const PAGE = new URL('../../../../machines/workarounds.md', import.meta.url)
const PROFILES = [SP3, SP4, MODERN]

const COLUMNS = PROFILES.map((one) => `\`${one}\``).join(' | ')

const HEAD = `# Two workarounds that contradict each other

A mailbox is moved. Q248839 advises to take its alternate recipient away before the move; Q258473
advises to give it one, so that mail does not bounce. Below is what may become of a letter that is
sent at any moment of the move, by a search of every interleaving: the first lines are without any
advice. Mail has come before, so the MTA believes something. Each replica knows of the change at
once, the MTA believes an alternate for ten minutes (Q176647).

What stands in a cell can happen, and nothing else can. *Late*: it was deferred, or tried again.
Where deliver-to-both is set the alternate has the letter in any case, but for anna it counts only
what her own mailbox gets.

| before the move | ${COLUMNS} | the alternate has it | states |
|---|---|---|---|---|---:|
`

const TAIL = `
- Q248839's advice never loses mail if one waits for the ten minutes, and does not keep it from
  being returned. Followed in haste it loses mail: the MTA still believes in the alternate.
- Q258473's advice keeps mail from being returned or lost, at the price that it is in another
  mailbox, as long as the alternate gets it *instead*. Given in haste it does nothing yet. With
  deliver-to-both it makes what Q248839 describes.
- Neither makes the letter arrive; a system that looks again where the mailbox is does.

Live: [\`workaround\`](../test/scenarios/workaround.yaml),
[\`workaround-too-late\`](../test/scenarios/workaround-too-late.yaml),
[\`q258473\`](../test/scenarios/q258473.yaml) and
[\`q258473-both\`](../test/scenarios/q258473-both.yaml).

A letter that is returned was offered to where the mailbox had been (Q172364).
`

/** Without a defect, and without the alternate in its place. */
const BOUNCES = ['arrives', 'arrives late', 'is returned']

const rows: { advice: Advice; checked: Checked[] }[] = []

describe('by the search', () => {
  test.each(ADVICE)('$done', async (advice) => {
    const checked: Checked[] = []
    for (const profile of PROFILES) {
      const bounds = { ...ONCE, cancels: 0 }
      const one = await check(planFor(advice, profile), { bounds, memoryMb: MEMORY_MB })
      expect(one.ended).toBeNull()
      checked.push(one)
    }
    const [sp3, sp4, modern] = checked.map(endsOf)
    expect(sp4).not.toContain('is LOST')
    expect(modern).not.toContain('is LOST')
    expect(modern).not.toContain('is returned')
    const believed = advice.minutes === 1 ? advice.first : (advice.changed ?? advice.first)
    expect(sp3?.includes('is LOST')).toBe(believed === 'alternate and both')
    expect(sp4).toEqual(believed === 'alternate only' ? ['is at the alternate'] : BOUNCES)
    rows.push({ advice, checked })
  })

  test('the page is up to date', async () => {
    expect(rows).toHaveLength(ADVICE.length)
    const lines = rows.map(({ advice, checked }) => {
      const ends = checked.map((one) => endsOf(one).join(', '))
      const has = [...new Set(checked.map(alternateHasIt))].join(', ')
      const states = checked.map((one) => one.states.toLocaleString('en-US')).join(' / ')
      return `| ${[advice.done, ...ends, has, states].join(' | ')} |\n`
    })
    await expect(`${HEAD}${lines.join('')}${TAIL}`).toMatchFileSnapshot(PAGE.pathname)
  })
})
