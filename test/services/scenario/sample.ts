/** A run as the screen, JSON and JUnit get it, for the tests of all three. */
import type { Run } from '../../../services/scenario/play.ts'

const audit = {
  site: 'small',
  at: '2000-01-26T08:00:00.000Z',
  atRest: true,
  obligations: 2,
  accepted: 1,
  delivered: 1,
  reported: 0,
  silenced: 0,
  deadLettered: 0,
  handedOff: 0,
  pending: 0,
  lost: [],
  duplicated: [],
  unexpected: [],
  falseReports: [],
  deadLetters: 0,
  trimmed: 0,
  swept: { resent: 0, retried: 0, repeated: 0 },
}

/** The article's primary: lost, or reported. */
export function sampleRun(profile: string, outcome: 'lost' | 'reported'): Run {
  const report = {
    id: 'r',
    to: 'carol',
    status: '5.1.1',
    code: '1/0',
    outcome: 'delivered' as const,
  }
  return {
    scenario: 'small',
    title: 'One message',
    profile,
    site: `small-${profile}`,
    recipients: [
      {
        message: 'letter',
        address: 'anna@small.example',
        branch: 'own',
        outcome,
        attempts: 2,
        report: outcome === 'reported' ? report : null,
        lane: [
          { afterMs: 0, text: 'queued → delivering' },
          { afterMs: 0, text: 'delivering → deferred, mailbox in transit' },
          { afterMs: 61_000, text: 'deferred → delivering' },
          { afterMs: 61_000, text: outcome === 'lost' ? 'failure absorbed' : 'report asked for' },
        ],
      },
    ],
    audit,
    expectations: [
      { text: 'letter: anna own is lost', held: outcome === 'lost', got: outcome },
      { text: 'the site comes to rest', held: true, got: '' },
    ],
    faults: [{ rule: 'moved', hits: 1 }],
    seconds: 0.25,
  }
}
