import type { Answer } from './send.js'

/** One click and what came of it. */
export interface Click {
  readonly kind: string
  /** When it began, in milliseconds of the day's clock. */
  readonly at: number
  /** Milliseconds until the answer was there. */
  readonly took: number
  readonly answer: Answer
}

/** Milliseconds between an answer and the next click. */
const THINKING = 50

/** People who click all the time: each kind of click is a person who waits for an answer before the next. */
export class Clicks {
  readonly all: Click[] = []
  readonly #loops: readonly Promise<void>[]
  #stopped = false

  constructor(kinds: Readonly<Record<string, () => Promise<Answer>>>) {
    this.#loops = Object.entries(kinds).map(([kind, click]) => this.#repeat(kind, click))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#loops)
  }

  /** Those that began in a time, of kinds that begin so. */
  between(from: number, to: number, kind = ''): readonly Click[] {
    return this.all.filter((click) => click.at >= from && click.at < to && click.kind.startsWith(kind))
  }

  /** Every kind of answer to clicks: `200`, `302 /login`, `503 retry`. */
  static kinds(clicks: readonly Click[]): readonly string[] {
    return [...new Set(clicks.map(outcome))].sort()
  }

  /** The longest that anybody waited. */
  static slowest(clicks: readonly Click[]): number {
    return Math.round(Math.max(0, ...clicks.map(({ took }) => took)))
  }

  async #repeat(kind: string, click: () => Promise<Answer>): Promise<void> {
    while (!this.#stopped) {
      const [at, begun] = [Date.now(), performance.now()]
      const answer = await click()
      this.all.push({ kind, at, took: performance.now() - begun, answer })
      await new Promise((resolve) => setTimeout(resolve, THINKING))
    }
  }
}

export function outcome({ answer }: Pick<Click, 'answer'>): string {
  const { status, location, headers } = answer
  const where = location?.split('?')[0]
  const later = headers['retry-after']
  return [status, where, later !== undefined && /^[1-9]\d*$/.test(later) ? 'retry' : undefined]
    .filter((word) => word !== undefined)
    .join(' ')
}
