import { BearerError } from './errors.js'

/** @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1 | RFC 6750 §2.1} */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

interface CredentialHeaders {
  readonly authorization?: string | undefined
}

/** Whether a request carries bearer credentials, well-formed or not. */
export function hasBearerCredentials({ authorization }: CredentialHeaders): boolean {
  return /^bearer(?: |$)/i.test(authorization ?? '')
}

/**
 * Reads the access token from the `Authorization` header, the only place we accept one.
 *
 * @param query the request's query, where a token beside the header's is a request that contradicts itself.
 * @throws {@link BearerError} `missing_token` without bearer credentials, `invalid_request` when malformed.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1 | RFC 6750 §2.1}
 */
export function readBearerToken(headers: CredentialHeaders, query = new URLSearchParams()): string {
  if (!hasBearerCredentials(headers))
    throw new BearerError('missing_token', 'a request without bearer credentials')
  const token = (headers.authorization ?? '').slice('bearer'.length).replace(/^ +/, '')
  if (!B64TOKEN.test(token)) throw new BearerError('invalid_request', 'malformed bearer credentials')
  // > Clients MUST NOT use more than one method to transmit the token in each request.
  if (query.has('access_token'))
    throw new BearerError('invalid_request', 'a token in the header and one in the query')
  return token
}
