/** `undeliverable completion bash|zsh`: what the shell runs to complete a command line. */
import { UsageError } from '../command-line.ts'
import { type Command, EXIT, SHARED } from './command.ts'

const SHELLS = ['bash', 'zsh'] as const

/** The names at the beginning of lines about options. */
const namesIn = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /^--[a-z-]+/.exec(line)?.[0] ?? [])

/** What may follow each command. */
export function completions(commands: readonly Command[]): [string, string[]][] {
  return commands.map(({ name, options, synopsis }) => {
    const verbs = /\[([a-z| A-Z]+)\]/.exec(options ? synopsis : '')?.[1] ?? ''
    const named = verbs.split('|').flatMap((verb) => verb.trim().split(' ')[0] ?? [])
    const own = options === undefined ? [] : namesIn([...options, ...SHARED])
    return [name, [...named.filter((verb) => verb !== ''), ...own, '--help']]
  })
}

function bash(list: [string, string[]][]): string {
  const cases = list.map(([name, words]) => `    ${name}) words='${words.join(' ')}' ;;`)
  return `_undeliverable() {
  local words
  COMPREPLY=()
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words='' ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words='${list.map(([name]) => name).join(' ')}'
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _undeliverable undeliverable
`
}

function zsh(list: [string, string[]][]): string {
  const cases = list.map(([name, words]) => `    ${name}) compadd -- ${words.join(' ')} ;;`)
  return `#compdef undeliverable
_undeliverable() {
  if (( CURRENT == 2 )); then
    compadd -- ${list.map(([name]) => name).join(' ')}
    return
  fi
  case "$words[2]" in
${cases.join('\n')}
  esac
  _files
}
compdef _undeliverable undeliverable
`
}

export const completionOf = (commands: () => readonly Command[]): Command => ({
  name: 'completion',
  synopsis: `completion ${SHELLS.join('|')}`,
  about: 'what completes command lines: source <(undeliverable completion bash)',
  async run([shell = '']) {
    const write = { bash, zsh }[shell]
    if (write === undefined) throw new UsageError(`which shell? ${SHELLS.join(' or ')}`)
    process.stdout.write(write(completions(commands())))
    return EXIT.done
  },
})
