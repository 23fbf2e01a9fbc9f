import { Refusal, secretFile, text, type Reader } from './config-readers.js'

/** Settings by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads one environment and collects what is wrong with it. */
export class Source {
  readonly problems: string[] = []
  readonly #env: Environment

  constructor(env: Environment) {
    this.#env = env
  }

  has(name: string): boolean {
    return (this.#env[name] ?? '') !== ''
  }

  /** An empty value counts as missing. Without a fallback the setting is required. */
  read<T>(name: string, reader: Reader<T>, fallback?: string): T {
    const value = this.#env[name] || fallback
    if (value === undefined) return this.#problem(name, 'is required')
    if (value === '') return undefined as T
    return this.#try(name, () => reader(value))
  }

  optional<T>(name: string, reader: Reader<T>): T | undefined {
    const value = this.#env[name]
    return value ? this.#try(name, () => reader(value)) : undefined
  }

  /** A secret that stands in the setting itself or in the file that `<name>_FILE` names. */
  secret(name: string, required: boolean): string | undefined {
    const file = this.#env[`${name}_FILE`]
    if (this.#env[name] && file) return this.#problem(name, `and ${name}_FILE are both set: give one`)
    if (file) return this.#try(`${name}_FILE`, () => secretFile(file))
    const value = this.#env[name]
    if (value) return this.#try(name, () => text(value))
    return required ? this.#problem(name, `(or ${name}_FILE) is required`) : undefined
  }

  #try<T>(name: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return this.#problem(name, error.message)
    }
  }

  /** What it returns is never seen: with a problem there is no Config. */
  #problem(name: string, reason: string): never {
    this.problems.push(`${name} ${reason}`)
    return undefined as never
  }
}
