/**
 * The half of the check of a scenario that a schema cannot do: each name that is used was given
 * before.
 *
 * Pure. Every answer is a list of reasons, empty when nothing is wrong, so that an author sees them
 * all at once.
 */
import { wrongName } from '../../machines/profile.ts'
import type { FaultRule, Scenario } from './format.ts'
import type { Expect } from './format-expect.ts'
import type { Step } from './format-steps.ts'

/** Exactly one of these keys is there. */
const one = (object: object, keys: readonly string[]): boolean =>
  keys.filter((key) => key in object).length === 1

interface Names {
  aliases: Set<string>
  servers: Set<string>
  faults: Set<string>
  messages: Set<string>
}

function unknownName(kind: string, name: string | undefined, known: Set<string>): string[] {
  if (name === undefined || known.has(name)) return []
  return [`unknown ${kind} ${name}; known: ${[...known].join(', ') || 'none'}`]
}

function unknownProfile(name: string): string[] {
  const wrong = wrongName(name)
  return wrong ? [`unknown ${wrong.what} ${wrong.name}; known: ${wrong.known}`] : []
}

function againstFault(name: string, rule: FaultRule, names: Names): string[] {
  const kinds = ['hold', 'move', 'defer', 'refuse', 'delay', 'loseReply', 'readStale']
  const reasons: string[] = []
  if (!one(rule.do, kinds)) reasons.push(`do: has one of ${kinds.join(', ')}`)
  if ('move' in rule.do !== 'holdUntil' in rule.do) {
    reasons.push('do: move and holdUntil go together')
  }
  reasons.push(...unknownName('server', rule.match?.server, names.servers))
  reasons.push(...unknownName('server', rule.do.move?.to, names.servers))
  reasons.push(...unknownName('mailbox', rule.match?.mailbox, names.aliases))
  reasons.push(...unknownName('mailbox', rule.do.move?.mailbox, names.aliases))
  return reasons.map((reason) => `faults.${name}: ${reason}`)
}

function againstStep(step: Step, names: Names): string[] {
  switch (step.kind) {
    case 'send':
      if (names.messages.has(step.value.as)) return [`a second message ${step.value.as}`]
      names.messages.add(step.value.as)
      return unknownName('server', step.value.server, names.servers)
    case 'move':
      return [
        ...unknownName('mailbox', step.value.mailbox, names.aliases),
        ...unknownName('server', step.value.to, names.servers),
      ]
    case 'put':
      names.aliases.add(step.value.alias)
      return unknownName('server', step.value.server, names.servers)
    case 'putList':
      names.aliases.add(step.value.alias)
      return unknownMembers(step.value, names)
    case 'deleteList':
      return unknownName('list', step.value.list, names.aliases)
    case 'release':
    case 'cancel':
      return unknownName('mailbox', step.value.move, names.aliases)
    case 'wait':
      return [
        ...(one(step.value, ['entry', 'move', 'fault']) ? [] : ['has one of entry, move, fault']),
        ...unknownName('message', step.value.message, names.messages),
        ...unknownName('mailbox', step.value.move, names.aliases),
        ...unknownName('fault', step.value.fault, names.faults),
      ]
    case 'advance':
      return one(step.value, ['by', 'until', 'beforeRetryOf'])
        ? unknownName('message', step.value.message, names.messages)
        : ['has one of by, until, beforeRetryOf']
    case 'deleteMailbox':
      return unknownName('mailbox', step.value.mailbox, names.aliases)
    case 'deleteItem':
      return [
        ...unknownName('mailbox', step.value.mailbox, names.aliases),
        ...unknownName('message', step.value.message, names.messages),
      ]
    case 'restart':
      return unknownName('server', step.value.server, names.servers)
    case 'arm':
    case 'lift':
      return unknownName('fault', step.value.fault, names.faults)
    case 'profile':
      return []
  }
}

const unknownMembers = ({ members }: { members: string[] }, { aliases }: Names): string[] =>
  members.flatMap((one) => (one.includes('@') ? [] : unknownName('member', one, aliases)))

function againstExpect(expect: Expect, index: number, names: Names): string[] {
  const reasons = unknownName('message', expect.message, names.messages)
  for (const profile of expect.for ?? []) {
    reasons.push(...unknownProfile(profile))
  }
  for (const fault of Object.keys(expect.faults ?? {})) {
    reasons.push(...unknownName('fault', fault, names.faults))
  }
  for (const [alias, holding] of Object.entries(expect.mailboxes ?? {})) {
    reasons.push(...unknownName('mailbox', alias, names.aliases))
    for (const message of Object.keys(holding.holds ?? {})) {
      reasons.push(...unknownName('message', message, names.messages))
    }
  }
  for (const report of expect.reports ?? []) {
    reasons.push(...unknownName('mailbox', report.to, names.aliases))
    reasons.push(...unknownName('message', report.message, names.messages))
  }
  return reasons.map((reason) => `expect[${index}]: ${reason}`)
}

/** Names that are used must exist: the second half of the check. */
export function againstNames(scenario: Scenario): string[] {
  const { mailboxes, lists = [] } = scenario.site
  const names: Names = {
    aliases: new Set([...mailboxes, ...lists].map(({ alias }) => alias)).add('outside'),
    servers: new Set(scenario.site.servers),
    faults: new Set(Object.keys(scenario.faults)),
    messages: new Set(),
  }
  return [
    ...scenario.profiles.flatMap((name) =>
      unknownProfile(name).map((reason) => `profiles: ${reason}`),
    ),
    ...lists.flatMap((list) =>
      unknownMembers(list, names).map((reason) => `site.lists.${list.alias}: ${reason}`),
    ),
    ...mailboxes.flatMap((mailbox) =>
      unknownName('server', mailbox.server, names.servers).map(
        (reason) => `site.mailboxes.${mailbox.alias}: ${reason}`,
      ),
    ),
    ...Object.entries(scenario.faults).flatMap(([name, rule]) => againstFault(name, rule, names)),
    ...scenario.steps.flatMap((step, index) =>
      againstStep(step, names).map((reason) => `steps[${index}].${step.kind}: ${reason}`),
    ),
    ...(names.messages.size === 0 ? ['steps: no message is sent'] : []),
    ...scenario.expect.flatMap((expect, index) => againstExpect(expect, index, names)),
  ]
}
