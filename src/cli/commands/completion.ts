import { Argument, type Command } from 'commander'
import { oneOfThese } from '../arguments.js'
import { SHELLS, completionScript, type Shell } from '../completion-script.js'
import type { Context } from '../context.js'
import { helpTextOf } from '../help.js'
import { print } from '../output.js'

export function addCompletion(program: Command, context: Context): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(
      new Argument('<shell>', 'which shell').choices(SHELLS).argParser(oneOfThese('completion', SHELLS)),
    )
    .addHelpText(
      'after',
      helpTextOf({
        text: [],
        settings: [],
        examples: [
          ['source <(latchkey completion bash)', 'bash, in ~/.bashrc'],
          ['source <(latchkey completion zsh)', 'zsh, in ~/.zshrc behind compinit'],
          ['latchkey completion fish | source', 'fish, in config.fish'],
        ],
        exits: [],
      }),
    )
    .action(async (shell: Shell) => print(context.stdout, completionScript(shell, program)))
}
