/**
 * Files of defects: what is wrong with one is said before anything runs, and a name stands for one
 * edition of one file.
 */
import { afterAll, expect, test, vi } from 'vitest'
import { DEFECTS, missingDefect, SOUND } from '../../../machines/defects.ts'
import { TOOLS, wrongWithDefect } from '../../../machines/own.ts'
import { partsOfProfile } from '../../../machines/parts.ts'
import { checkProfile, type Profile } from '../../../machines/profile.ts'
import type { OwnDefect, Parts, Tools } from '../../../services/kit/defect.ts'
import { admitDefects } from '../../../services/own/defect-file.ts'
import { temporaryFile } from '../../support/folder.ts'

// What was admitted is for this file only.
afterAll(() => {
  vi.resetModules()
})

const module = (text: string): string => temporaryFile(text, 'own.mjs')
const defect = (members: string): string => `export default { id: 'x', title: 'X', ${members} }`

function profileOf(spec: string): Profile {
  const checked = checkProfile(spec)
  if ('wrong' in checked) throw new Error(checked.wrong)
  return checked.profile
}

test.each([
  ['', 'has no default export'],
  ['export default {', 'cannot be loaded: '],
  ["import 'nothing-of-the-kind'\nexport default {}", 'cannot be loaded: Error'],
  ["export default () => { throw new Error('no') }", 'its default export throws: Error: no'],
  ['export default []', 'has no defect'],
  ['export default 5', 'is no defect'],
  ["export default { id: 'x' }", 'title says what it is'],
  ["export default { id: 'a+b', title: 'X', parts: {} }", 'id consists of letters'],
  ["export default { id: 'x', title: 'X' }", 'nothing differs'],
  [defect('parts: {}, colour: 1'), 'a defect has no "colour"'],
  [defect('parts: { slotkey: () => 1 }'), 'parts has no "slotkey": slotKey,'],
  [defect('parts: { readsPast: () => true }'), 'parts.readsPast is a boolean'],
  [defect('engine: { sweeps: true }'), 'engine has stallsMax'],
  [defect('lines: { mailman() {} }'), 'there is no machine "mailman"'],
  [defect('lines: { mailbox: {} }'), 'lines.mailbox is a function'],
  [
    defect("lines: { mailbox(l) { l.states.open.on['lock.requested'] = 'lockd' } }"),
    "lines.mailbox: Invalid transition definition for state node 'mailbox.open'",
  ],
  [
    defect("lines: { mailbox(l) { l.states.open.on['mail.ofered'] = {} } }"),
    'lines.mailbox: there is no event "mail.ofered"',
  ],
  [
    defect("lines: { mailbox(l) { l.states.open.on['mail.offered'] = { guard: 'hold' } } }"),
    'lines.mailbox: there is no guard "hold"',
  ],
  [
    defect("lines: { mailbox(l) { l.states.open.on['mail.offered'] = { actions: 'say' } } }"),
    'lines.mailbox: there is no action "say"',
  ],
  [
    defect('lines: { mailbox(l) { l.states.made = {} } }'),
    'lines.mailbox: states.mailbox.made names the state of a machine without it',
  ],
  [defect("lines: { mailbox(l) {} }, states: { mailbox: { made: 'open' } }"), '"made" is new'],
  ["export default { id: 'Q248839', title: 'X', parts: {} }", '"Q248839" is a defect of ours'],
])('%s is refused', async (text, words) => {
  const before = Object.keys(DEFECTS)
  await expect(admitDefects(module(text))).rejects.toThrow(words)
  expect(Object.keys(DEFECTS)).toEqual(before)
})

test('every ask that is sent is one of the protocol', () => {
  const { asks, state } = TOOLS
  const wrong: OwnDefect = {
    id: 'x',
    title: 'X',
    lines: {
      mailbox(lines) {
        const actions = asks({ send: 'reply.acepted', to: 'entry' } as never)
        state(lines, 'open').on['mail.offered'] = { actions }
      },
    },
  }
  expect(wrongWithDefect(wrong)).toEqual([
    'lines.mailbox: there is no event "reply.acepted" to send',
  ])
})

test('a policy is used, and what it says is a time', async () => {
  const given = ['attempts * 60_000', 'Number.NaN'].map((text, i) =>
    defect(`parts: { storeDelay: (_, attempts) => ${text} }`).replace("'x'", `'wait-${i}'`),
  )
  for (const text of given) await admitDefects(module(text))
  const delays = (id: string) => partsOfProfile(profileOf(`modern+${id}`)).storeDelay
  const modern = profileOf('modern')
  expect([1, 2, 3].map((n) => delays('wait-0')(modern, n))).toEqual([60_000, 120_000, 180_000])
  expect(() => delays('wait-1')(modern, 1)).toThrow('wait-1: storeDelay is a whole number')
})

test('one name is one edition of a file, and a profile says which', async () => {
  const file = module(defect('parts: { readsPast: false }').replace("'x'", "'edited'"))
  expect(await admitDefects(file)).toEqual(['edited'])
  expect(await admitDefects(file)).toEqual(['edited'])
  const profile = profileOf('modern+edited')
  expect(profile.own).toEqual({ edited: expect.stringMatching(/^[0-9a-f]{12}$/) })
  expect(missingDefect(profile)).toBeNull()
  expect(partsOfProfile(profile).readsPast).toBe(false)

  const older = { ...profile, own: { edited: '000000000000' } }
  expect(missingDefect(older)).toContain('in another version: it was 000000000000')
  expect(() => partsOfProfile(older)).toThrow('in another version')
  const edited = module(defect('parts: { readsPast: true }').replace("'x'", "'edited'"))
  await expect(admitDefects(edited)).rejects.toThrow('another defect "edited" already')
})

test('a file may be TypeScript, and have several', async () => {
  const text = `const one = (id: string) => ({ id, title: id, parts: { readsPast: false } })
    export default () => [one('first'), one('second')]`
  expect(await admitDefects(temporaryFile(text, 'own.ts'))).toEqual(['first', 'second'])
})

/** The types of the kit stand by themselves: these lines do not compile when they differ. */
test('the types of the kit are those of the machines', () => {
  const parts: Partial<typeof SOUND> = {} as Partial<Parts>
  const tools = TOOLS as unknown as Tools
  const names: Record<keyof Parts, unknown> = SOUND
  expect(Object.keys(names)).toEqual(Object.keys(SOUND))
  expect(Object.keys(tools).sort()).toEqual(
    ['and', 'asks', 'not', 'or', 'redirected', 'sound', 'state', 'ways'].sort(),
  )
  expect(parts).toEqual({})
})
