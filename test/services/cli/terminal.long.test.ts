/**
 * What a person sees in a terminal: the picture of a site, a bar, a spinner that goes away.
 */
import { expect, onTestFinished, test } from 'vitest'
import { pictureLines } from '../../../services/cli/picture.ts'
import { pictureOf } from '../../../services/cli/watch.ts'
import { startLab } from '../../../services/kit/lab.ts'
import { bar, type Screen, withProgress } from '../../../services/progress.ts'
import { plainEnvironment, startCommand } from '../../support/program.ts'

const COLUMNS = 72

async function held() {
  const lab = await startLab({ profile: 'exchange-5.5-sp3', redisUrl: '' })
  onTestFinished(lab.close)
  await lab.clock.stop()
  const { id } = await lab.moves.start({ mailbox: 'anna', to: 'lon', holdAt: 'locked' })
  await lab.moves.until(id, { held: true })
  const letter = await lab.send({ from: 'carol', to: ['anna'], subject: 'lunch?' })
  await letter.to('anna').until('deferred')
  await letter.to('bob').until('delivered')
  return lab
}

test('the picture has the ledger, the moves and each recipient', async () => {
  const lab = await held()
  const lines = pictureLines(await pictureOf(lab), COLUMNS)
  expect(lines[0]).toMatch(/^lab {2}exchange-5\.5-sp3 {2}\d\d:\d\d:\d\d stopped/)
  expect(lines.slice(1)).toEqual([
    '',
    '2 obligations: 1 delivered, 1 pending, 0 lost, and it is not at rest',
    '',
    'moves',
    '  anna  nyc → lon  ██░░░░░░░░░░░░░░░░░░  locked, held',
    '',
    'messages, 1 of 1, the newest first',
    '  lunch?  from carol',
    expect.stringMatching(/^ {4}anna {20}deferred {6}the move .*…$/),
    '    bob (alternate)         delivered',
  ])
  expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(COLUMNS)
})

test('in a terminal it is drawn on a screen of its own, which is left again', async () => {
  const lab = await held()
  const program = `${process.execPath} --import tsx services/cli/main.ts watch --site lab`
  const env = plainEnvironment({ UNDELIVERABLE_URL: lab.client.url })
  const run = startCommand('script', ['-qfec', program, '/dev/null'], env)
  expect(await run.line(/anna {2}nyc → lon {2}██░/)).toContain('locked, held')
  expect(run.lines.join('\n')).toContain('\x1b[?1049h')
  const [first] = await lab.moves.list()
  await lab.moves.release(first?.id ?? '')
  await run.line(/completed/)
  await run.line(/anna +LOST/)
  run.child.kill('SIGINT')
  await run.ended
})

test('a bar is as full as the work is done', () => {
  expect(bar(0, 4, 4)).toBe('░░░░')
  expect(bar(3, 4, 4)).toBe('███░')
  expect(bar(9, 4, 4)).toBe('████')
  expect(bar(0, 0, 2)).toBe('░░')
})

const screen = (isTTY: boolean): Screen & { text: string } => ({
  text: '',
  isTTY,
  write(text) {
    this.text += text
  },
})

const LONG_MS = 1_300

test('who waits for more than a second sees that, and it is gone in the end', async () => {
  const shown = screen(true)
  const work = () => new Promise<number>((resolve) => setTimeout(resolve, LONG_MS, 7))
  expect(await withProgress(() => 'moving', work, shown)).toBe(7)
  expect(shown.text).toMatch(/⠙ moving 1 s/)
  expect(shown.text.endsWith('\r\x1b[2K')).toBe(true)
})

test('what is quick, and what no person sees, is silent', async () => {
  const quick = screen(true)
  await withProgress(
    () => 'moving',
    async () => undefined,
    quick,
  )
  const pipe = screen(false)
  const work = () => new Promise<void>((resolve) => setTimeout(resolve, LONG_MS))
  await withProgress(() => 'moving', work, pipe)
  expect([quick.text, pipe.text]).toEqual(['', ''])
})
