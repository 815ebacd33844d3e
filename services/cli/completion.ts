/**
 * `undeliverable completion bash|zsh`: what the shell runs to complete a command line.
 *
 * Commands, verbs and options; the scenarios, profiles and phases that there are. What only a
 * service knows (mailboxes, servers) is not asked for while somebody types.
 */
import { PHASES } from '../../machines/phases.ts'
import { UsageError } from '../command-line.ts'
import { type Command, EXIT, SHARED } from './command.ts'

const SHELLS = ['bash', 'zsh'] as const
/** Commands that take the names of scenarios. */
const PLAYERS = ['scenario', 'check', 'simulate']

/** The names at the beginning of lines about options. */
const namesIn = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /^ *(--[a-z][a-z0-9-]*)/.exec(line)?.[1] ?? [])

interface Completions {
  /** What may follow each command. */
  commands: [string, string[]][]
  /** What may follow a word, whatever the command. */
  after: [string, string[]][]
}

export async function completions(commands: readonly Command[]): Promise<Completions> {
  const { PROFILES } = await import('../../machines/profile.ts')
  const { scenarioNames } = await import('../scenario/load.ts')
  const scenarios = await scenarioNames()
  const profiles = Object.keys(PROFILES)
  const own = async ({ name, options, usage, synopsis }: Command): Promise<string[]> => {
    const verbs = /\[([a-z| A-Z]+)\]/.exec(options ? synopsis : '')?.[1] ?? ''
    const named = verbs.split('|').flatMap((verb) => verb.trim().split(' ')[0] ?? [])
    const told = usage === undefined ? [] : namesIn((await usage()).split('\n'))
    const known = options === undefined ? told : namesIn([...options, ...SHARED])
    const words = PLAYERS.includes(name) ? scenarios : name === 'completion' ? SHELLS : named
    return [...new Set([...words.filter((word) => word !== ''), ...known, '--help'])]
  }
  return {
    commands: await Promise.all(
      commands.map(async (one): Promise<[string, string[]]> => [one.name, await own(one)]),
    ),
    after: [
      ['--profile', profiles],
      ['profile', profiles],
      ['--at', [...PHASES]],
    ],
  }
}

function bash({ commands, after }: Completions): string {
  const line = ([name, words]: [string, string[]]) => `    ${name}) words='${words.join(' ')}' ;;`
  return `_undeliverable() {
  local words
  COMPREPLY=()
  case "\${COMP_WORDS[1]}" in
${commands.map(line).join('\n')}
    *) words='' ;;
  esac
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${after.map(line).join('\n')}
  esac
  [ "$COMP_CWORD" -eq 1 ] && words='${commands.map(([name]) => name).join(' ')}'
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _undeliverable undeliverable
`
}

function zsh({ commands, after }: Completions): string {
  const line = ([name, words]: [string, string[]]) => `    ${name}) compadd -- ${words.join(' ')}`
  return `#compdef undeliverable
_undeliverable() {
  if (( CURRENT == 2 )); then
    compadd -- ${commands.map(([name]) => name).join(' ')}
    return
  fi
  case "$words[CURRENT-1]" in
${after.map((one) => `${line(one)}; return ;;`).join('\n')}
  esac
  case "$words[2]" in
${commands.map((one) => `${line(one)} ;;`).join('\n')}
  esac
  _files
}
compdef _undeliverable undeliverable
`
}

const SYNOPSIS = `completion ${SHELLS.join('|')}`

export const completionOf = (commands: () => readonly Command[]): Command => ({
  name: 'completion',
  synopsis: SYNOPSIS,
  about: 'what completes command lines: source <(undeliverable completion bash)',
  async run([shell = '']) {
    if (shell === '--help') {
      process.stdout.write(`usage: undeliverable ${SYNOPSIS}\n`)
      return EXIT.done
    }
    const write = { bash, zsh }[shell]
    if (write === undefined) throw new UsageError(`which shell? ${SHELLS.join(' or ')}`)
    process.stdout.write(write(await completions(commands())))
    return EXIT.done
  },
})
