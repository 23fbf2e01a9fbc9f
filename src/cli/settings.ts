import { issuerAddress, origin, seconds, text, timerSeconds, webAddress } from '../config-readers.js'
import { Source } from '../config-source.js'
import type { Context } from './context.js'
import { CliError } from './errors.js'
import { EXIT } from './exit-codes.js'
import { ask, canAsk, type Question } from './prompt.js'

/** A setting that may have to be asked for: its value is there when all settings are complete. */
export interface Answer {
  readonly value: string
}

interface Wanted extends Question {
  readonly name: string
  value: string
}

/** Which client asks for tokens. */
export interface Client {
  readonly clientId: string
  readonly clientSecret?: string | undefined
}

export interface ServerSettings {
  readonly issuer: string
  readonly internalUrl: string | undefined
  /** Seconds, all of them. */
  readonly timeout: number
  readonly refreshBefore: number
}

/**
 * The settings of one command: from the environment, from files it names, and from the person for what may be asked. A
 * command reads what it needs, completes them, and only then looks at values.
 */
export class Settings {
  readonly #source: Source
  readonly #context: Context
  readonly #wanted: Wanted[] = []
  readonly #production: boolean

  constructor(context: Context) {
    this.#context = context
    this.#source = new Source(context.env)
    this.#production = context.env['NODE_ENV'] === 'production'
  }

  has(name: string): boolean {
    return this.#source.has(name) || this.#source.has(`${name}_FILE`)
  }

  server(): ServerSettings {
    return {
      issuer: this.#source.read('OIDC_ISSUER', issuerAddress(this.#production)),
      internalUrl: this.#source.optional('OIDC_INTERNAL_URL', origin(false)),
      timeout: this.#source.read('UPSTREAM_TIMEOUT', timerSeconds(1), '5'),
      refreshBefore: this.#source.read('REFRESH_BEFORE', seconds(0), '30'),
    }
  }

  clockTolerance(): number {
    return this.#source.read('CLOCK_TOLERANCE', seconds(0), '30')
  }

  api(): string {
    const address = webAddress(this.#production)
    return this.#source.read('API_URL', (value) => address(value).replace(/\/$/, ''), 'http://localhost:3000')
  }

  clientId(kind: 'public' | 'confidential' | 'service'): string {
    return this.#source.read(`LATCHKEY_${kind.toUpperCase()}_CLIENT_ID`, text, `latchkey-${kind}`)
  }

  /** What is not secret and may be asked for. */
  answer(name: string, question: string): Answer {
    const known = this.#source.optional(name, text)
    if (known !== undefined) return { value: known }
    return this.#want(name, question, {
      hidden: false,
      otherwise: () => this.#source.has(name) || this.#source.read(name, text),
    })
  }

  /** A secret: from the setting, from the file that `<name>_FILE` names, or asked for without showing it. */
  secret(name: string, question: string, { mayBeBlank = false } = {}): Answer {
    const known = this.#source.secret(name, false)
    if (known !== undefined) return { value: known }
    const otherwise = (): unknown => this.has(name) || this.#source.secret(name, true)
    return this.#want(name, question, { hidden: true, mayBeBlank, otherwise })
  }

  password(): Answer {
    return this.secret('LATCHKEY_PASSWORD', 'Password', { mayBeBlank: true })
  }

  clientSecret(kind: 'confidential' | 'service', clientId: string): Answer {
    return this.secret(`LATCHKEY_${kind.toUpperCase()}_CLIENT_SECRET`, `Secret of the client ${clientId}`)
  }

  /** One of the person's own, in place of the login that is kept. */
  refreshToken(): string | undefined {
    return this.#source.secret('LATCHKEY_REFRESH_TOKEN', false)?.trim()
  }

  /** @throws {@link CliError} that names every setting which is missing or no use, as far as they have been read */
  check(): void {
    const { problems } = this.#source
    if (problems.length === 0) return
    const hints = problems.map((problem) => `  ${problem}`)
    throw new CliError(EXIT.settings, 'the settings cannot be used:', [...hints, ...this.#remedy()])
  }

  /**
   * Asks for what is missing, if there is somebody to ask.
   *
   * @throws {@link CliError} as `check`, at once and without waiting
   */
  async complete(): Promise<void> {
    this.check()
    if (this.#wanted.length === 0) return
    const answers = await ask(this.#context, this.#wanted)
    this.#wanted.forEach((wanted, at) => {
      wanted.value = answers[at] ?? ''
    })
  }

  #want(
    name: string,
    question: string,
    {
      hidden,
      mayBeBlank = false,
      otherwise,
    }: { hidden: boolean; mayBeBlank?: boolean; otherwise: () => unknown },
  ): Answer {
    const wanted = { name, text: question, hidden, mayBeBlank, value: '' }
    if (canAsk(this.#context)) this.#wanted.push(wanted)
    // Nobody can be asked: it is a problem like the others.
    else otherwise()
    return wanted
  }

  #remedy(): readonly string[] {
    if (canAsk(this.#context)) return []
    return [
      'Set each in the environment; a secret may also stand in a file, which the variable with _FILE at its end names.',
      'On a terminal, user name and secrets are asked for; here is none.',
    ]
  }
}
