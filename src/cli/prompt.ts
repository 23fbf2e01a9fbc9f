import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import type { Context, Output } from './context.js'
import { CliError, Interrupted } from './errors.js'
import { EXIT } from './exit-codes.js'
import { widthOf } from './terminal.js'

/** What is asked for. */
export interface Question {
  readonly text: string
  /** Whether what is typed stays invisible. */
  readonly hidden: boolean
  /** Whether blanks alone are an answer, as they may be a password. */
  readonly mayBeBlank: boolean
}

/** Whether there is somebody to ask: a keyboard to read from, and a screen that is not the result. */
export function canAsk({ stdin, stderr }: Pick<Context, 'stdin' | 'stderr'>): boolean {
  return stdin.isTTY === true && stderr.isTTY === true
}

/**
 * Asks one question after the other on standard error. A hidden answer is shown nowhere, and neither is kept in a history.
 *
 * @throws {@link Interrupted} for Ctrl-C or the reason of the signal, {@link CliError} when the input ends or an answer is empty
 */
export async function ask(
  context: Pick<Context, 'stdin' | 'stderr' | 'signal'>,
  questions: readonly Question[],
): Promise<readonly string[]> {
  const screen = new Screen(context.stderr)
  // With `terminal` the keyboard is in raw mode: the terminal echoes nothing, and the line is edited here.
  const lines = createInterface({ input: context.stdin, output: screen, terminal: true, historySize: 0 })
  // At once: the rest of a paste is the answer to the next question, which may be hidden.
  lines.on('line', () => (screen.visible = false))
  const typed = new Lines(lines)
  // What comes next stands on a line of its own.
  const leave = (): void => typed.finish(context.signal.reason as Interrupted)
  typed.onEnd = () => context.stderr.write('\n')
  context.signal.addEventListener('abort', leave)
  const answers: string[] = []
  try {
    for (const { text, hidden, mayBeBlank } of questions) {
      lines.setPrompt(`${text}: `)
      screen.visible = true
      if (!typed.hasEnded) lines.prompt()
      screen.visible = !hidden
      const answer = await typed.next()
      if (hidden) context.stderr.write('\n')
      if ((mayBeBlank ? answer : answer.trim()) === '')
        throw new CliError(EXIT.settings, `nothing was entered for: ${text}`)
      answers.push(answer)
    }
  } finally {
    context.signal.removeEventListener('abort', leave)
    screen.visible = false
    lines.close()
  }
  return answers
}

/** Standard error, while something may be seen. */
class Screen extends Writable {
  visible = true
  readonly isTTY = true
  readonly #out: Output

  constructor(out: Output) {
    super()
    this.#out = out
  }

  get columns(): number {
    return widthOf(this.#out)
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.visible) this.#out.write(chunk)
    done()
  }
}

/** Lines as they come: those of a paste wait for their question. */
class Lines {
  /** Called when the answer that is waited for will not come. */
  onEnd: () => void = () => undefined
  readonly #ready: string[] = []
  #end: Error | undefined
  #waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | undefined

  constructor(source: Interface) {
    source.on('line', (line) => {
      if (this.#waiting === undefined) this.#ready.push(line)
      else this.#waiting.resolve(line)
      this.#waiting = undefined
    })
    source.on('SIGINT', () => this.finish(new Interrupted()))
    source.on('close', () => this.finish(new CliError(EXIT.settings, 'the input ended before the answer')))
  }

  get hasEnded(): boolean {
    return this.#end !== undefined
  }

  next(): Promise<string> {
    const line = this.#ready.shift()
    if (line !== undefined) return Promise.resolve(line)
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  finish(error: Error): void {
    this.#end ??= error
    if (this.#waiting === undefined) return
    this.#waiting.reject(this.#end)
    this.#waiting = undefined
    this.onEnd()
  }
}
