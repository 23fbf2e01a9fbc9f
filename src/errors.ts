export interface AppErrorOptions {
  readonly cause?: unknown
  readonly hint?: string | undefined
  readonly challenge?: Readonly<Record<string, string>>
}

/**
 * What every error of ours is. `code` is for programs and may be shown; `message` is for our log; `description` is
 * the fixed wording that an answer may carry. No token, code, cookie or secret ever enters any of them.
 */
export abstract class AppError<Code extends string = string> extends Error {
  /** For programs; it may be shown. */
  readonly code: Code
  /** What the log may say about the remedy. */
  readonly hint: string | undefined
  /** Where the person wanted to go: a page about this error offers to go on there. */
  declare readonly returnTo?: string

  /** What the answer's challenge says beside the code, where a client can act upon it. */
  declare readonly challenge?: Readonly<Record<string, string>>

  constructor(code: Code, message: string, options: AppErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = new.target.name
    this.code = code
    this.hint = options.hint
    if (options.challenge !== undefined) this.challenge = options.challenge
  }

  /** This error for one person: many may have met the same one. */
  returningTo(returnTo: string): this {
    return Object.create(this, { returnTo: { value: returnTo } }) as this
  }

  abstract get status(): number
  /** Our own fixed words for the answer. */
  abstract get description(): string

  /** Seconds for `Retry-After`, set exactly for answers that mean "cannot decide now". */
  get retryAfter(): number | undefined {
    return this.status === 503 ? 5 : undefined
  }
}

/** The error of ours in what openid-client throws: it wraps whatever our `fetch` throws. */
export function ownError(error: unknown): AppError | undefined {
  if (isAppError(error)) return error
  return error instanceof Error && isAppError(error.cause) ? error.cause : undefined
}

export function isAppError(error: unknown): error is AppError {
  return error instanceof AppError
}
