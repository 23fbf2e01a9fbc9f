import type { Command, Option } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

interface Word {
  readonly name: string
  readonly what: string
}

interface Described extends Word {
  readonly options: readonly (Word & {
    readonly takesValue: boolean
    readonly mayTakeValue: boolean
    readonly values: readonly string[]
  })[]
  /** Values of its argument. */
  readonly values: readonly string[]
}

/** A script for a shell, made of the program's own commands and options. */
export function completionScript(shell: Shell, program: Command): string {
  const own = program.commands.map(describe)
  const help: Described = {
    name: 'help',
    what: 'print the help of a command',
    options: [],
    values: own.map(({ name }) => name),
  }
  const commands = [...own, help]
  return { bash, zsh, fish }[shell](commands)
}

function describe(command: Command): Described {
  return {
    name: command.name(),
    what: command.description(),
    options: [
      ...command.options.flatMap(ofOption),
      { name: '--help', what: 'print the help', takesValue: false, mayTakeValue: false, values: [] },
    ],
    values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }
}

function ofOption({ long, description, required, optional, argChoices }: Option): Described['options'] {
  return long == null
    ? []
    : [
        {
          name: long,
          what: description,
          takesValue: required,
          mayTakeValue: optional,
          values: argChoices ?? [],
        },
      ]
}

const namesOf = (words: readonly Word[]): string => words.map(({ name }) => name).join(' ')

function bash(commands: readonly Described[]): string {
  const cases = commands.map(({ name, options, values }) => {
    // What a value may be is not always known; an option is none.
    const ofValues = options.filter((option) => option.takesValue || option.values.length > 0)
    const inner = ofValues.map((option) => `        ${option.name}) words="${option.values.join(' ')}" ;;`)
    const all = [...values, ...options.map((option) => option.name)].join(' ')
    return [
      `    ${name})`,
      '      case "$before" in',
      ...inner,
      `        *) [ -z "$assigned" ] && words="${all}" ;;`,
      '      esac ;;',
    ]
  })
  return [
    '_latchkey() {',
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" prefix="" words="" assigned=""',
    // `=` is a word of its own for bash, unless somebody has told it otherwise, as npm does.
    '  case "$word" in',
    '    =) assigned=yes word="" ;;',
    '    --*=*) assigned=yes before="${word%%=*}" prefix="${word%%=*}=" word="${word#*=}" ;;',
    '    *) [ "$before" = "=" ] && assigned=yes before="${COMP_WORDS[COMP_CWORD-2]}" ;;',
    '  esac',
    `  local command="\${COMP_WORDS[1]}"`,
    '  [ "$COMP_CWORD" -le 1 ] && command=""',
    '  case "$command" in',
    ...cases.flat(),
    `    *) words="${namesOf(commands)} --help --version" ;;`,
    '  esac',
    '  COMPREPLY=($(compgen -P "$prefix" -W "$words" -- "$word"))',
    '}',
    'complete -F _latchkey latchkey',
    '',
  ].join('\n')
}

/** In single quotes, for zsh and fish. */
const quoted = (text: string): string => `'${text.replace(/['\\]/g, '')}'`
const bracketed = (text: string): string => text.replace(/['\\[\]:]/g, '')

function zsh(commands: readonly Described[]): string {
  const cases = commands.map(({ name, options, values }) => {
    const specs = options.map((option) => {
      const choice = option.values.length === 0 ? '' : `(${option.values.join(' ')})`
      const value = `${option.mayTakeValue ? ':' : ''}:value:${choice}`
      const [behind, more] = option.takesValue || option.mayTakeValue ? ['=', value] : ['', '']
      return `'${option.name}${behind}[${bracketed(option.what)}]${more}'`
    })
    const own = values.length === 0 ? [] : [`'1:value:(${values.join(' ')})'`]
    return `    ${name}) _arguments ${[...specs, ...own].join(' ')} ;;`
  })
  return [
    '#compdef latchkey',
    '_latchkey() {',
    '  if (( CURRENT == 2 )); then',
    '    local -a commands=(',
    ...commands.map(({ name, what }) => `      '${name}:${bracketed(what)}'`),
    '    )',
    "    _describe 'command' commands",
    '    return',
    '  fi',
    '  local command=$words[2]',
    '  shift words; (( CURRENT-- ))',
    '  case $command in',
    ...cases,
    '  esac',
    '}',
    'compdef _latchkey latchkey',
    '',
  ].join('\n')
}

function fish(commands: readonly Described[]): string {
  const lines = commands.flatMap(({ name, what, options, values }) => {
    const inside = `complete -c latchkey -n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c latchkey -n __fish_use_subcommand -a ${name} -d ${quoted(what)}`,
      ...options.map((option) => {
        const choice = option.values.length === 0 ? '' : ` -a ${quoted(option.values.join(' '))}`
        const more = option.takesValue ? ` -x${choice}` : ''
        return `${inside} -l ${option.name.replace(/^--/, '')} -d ${quoted(option.what)}${more}`
      }),
      ...(values.length === 0 ? [] : [`${inside} -a ${quoted(values.join(' '))}`]),
    ]
  })
  return ['complete -c latchkey -f', ...lines, ''].join('\n')
}
