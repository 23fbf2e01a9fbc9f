import { AppError, type AppErrorOptions } from '../errors.js'

export type BearerErrorCode =
  | 'missing_token'
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'

/** A new code without a status and words does not compile. */
const MEANING: Readonly<Record<BearerErrorCode, { readonly status: number; readonly description: string }>> =
  {
    missing_token: { status: 401, description: 'A bearer token is needed' },
    invalid_request: { status: 400, description: 'The credentials are malformed' },
    invalid_token: { status: 401, description: 'The token is not valid here' },
    insufficient_user_authentication: {
      status: 401,
      description: 'A stronger or newer authentication is needed',
    },
    insufficient_scope: { status: 403, description: 'The token does not allow this' },
  }

/** @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1 | RFC 6750 §3.1} */
export class BearerError extends AppError<BearerErrorCode> {
  /** The scope that was missing, for `insufficient_scope`. */
  readonly scope: readonly string[]

  constructor(
    code: BearerErrorCode,
    message: string,
    { scope = [], ...options }: AppErrorOptions & { readonly scope?: readonly string[] } = {},
  ) {
    super(code, message, options)
    this.scope = scope
  }

  get status(): number {
    return MEANING[this.code].status
  }

  get description(): string {
    return MEANING[this.code].description
  }
}
