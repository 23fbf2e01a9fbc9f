import { AppError } from '../errors.js'

export type ProviderErrorCode =
  | 'provider_unavailable'
  | 'provider_metadata_invalid'
  | 'provider_keys_unusable'
  | 'provider_response_invalid'

/** A new code without a status does not compile. */
const STATUS: Readonly<Record<ProviderErrorCode, number>> = {
  provider_unavailable: 503,
  provider_metadata_invalid: 503,
  provider_keys_unusable: 503,
  provider_response_invalid: 502,
}

const DESCRIPTION: Readonly<Record<ProviderErrorCode, string>> = {
  provider_unavailable: 'The authorization server cannot be reached',
  provider_metadata_invalid: 'The authorization server cannot be used',
  provider_keys_unusable: 'There is no key to judge by',
  provider_response_invalid: 'The authorization server gave an answer that cannot be used',
}

/** The authorization server is away, silent, or answers something that is not the protocol. */
export class ProviderError extends AppError<ProviderErrorCode> {
  get status(): number {
    return STATUS[this.code]
  }

  get description(): string {
    return DESCRIPTION[this.code]
  }
}

/** A JWT that fails a check. The feature that asked says what that means for its caller. */
export class JwtError extends Error {
  override readonly name = 'JwtError'
  /** Which check: a claim name, `signature`, `alg`, `kid`, `form`. Fit for the log. */
  readonly check: string
  /** What the log may say about the remedy. */
  readonly hint: string | undefined

  constructor(
    check: string,
    message: string,
    { hint, ...options }: ErrorOptions & { hint?: string | undefined } = {},
  ) {
    super(message, options)
    this.check = check
    this.hint = hint
  }
}
