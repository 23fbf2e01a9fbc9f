import { describe, expect, test } from '@jest/globals'
import { CliError, Interrupted, OutputError, PlaceBusy } from '../../../src/cli/errors.js'
import { EXIT } from '../../../src/cli/exit-codes.js'
import { explain } from '../../../src/cli/explain.js'
import { ProviderError } from '../../../src/provider/errors.js'
import { TokenError, type TokenErrorCode } from '../../../src/tokens/errors.js'

const EXPECTED: Readonly<Record<TokenErrorCode, number>> = {
  sign_in_again: 4,
  grant_refused: 3,
  client_refused: 3,
  access_denied: 6,
  expired_token: 7,
  inactive_token: 3,
  unavailable: 5,
  invalid_response: 3,
  store_unusable: 1,
}

const ISSUER = 'OIDC_ISSUER says where the authorization server is.'

const tokenError = (code: TokenErrorCode, message: string, hint?: string): TokenError =>
  new TokenError(code, message, { status: 400, error: 'the_error', hint })

describe('explain', () => {
  test('CL-02 each way to fail has an exit code', () => {
    for (const [code, exitCode] of Object.entries(EXPECTED))
      expect({ code, exitCode: explain(tokenError(code as TokenErrorCode, 'x')).exitCode }).toEqual({
        code,
        exitCode,
      })
    expect(explain(new ProviderError('provider_unavailable', 'x')).exitCode).toBe(5)
    expect(explain(new OutputError('ENOSPC')).exitCode).toBe(8)
    expect(explain(new Interrupted())).toEqual({ exitCode: 130, lines: [] })
  })

  test('CL-02 a reader that is gone is told nothing', () => {
    expect(explain(new OutputError('EPIPE'))).toEqual({ exitCode: 8, lines: [] })
  })

  test('CL-05 message and hint are one line each, and escaped', () => {
    const evil = 'a\u001b[2J\r\nb\u202e'
    const escaped = 'a\\u{1b}[2J\\u{d}\\u{a}b\\u{202e}'
    expect(explain(tokenError('grant_refused', evil, evil)).lines).toEqual([escaped, `hint: ${escaped}`])
    expect(explain(new CliError(EXIT.refused, evil, [evil])).lines).toEqual([escaped, escaped])
  })

  test('an outage names the settings that mend it', () => {
    const hint =
      'nothing answers at http://a; where this process reaches the server under another address (a container), set internalUrl (OIDC_INTERNAL_URL)'
    expect(explain(tokenError('unavailable', 'no answer from http://a: ECONNREFUSED', hint)).lines).toEqual([
      'no answer from http://a: ECONNREFUSED',
      `hint: ${hint}`,
      ISSUER,
    ])
    const notFound = 'discovery of issuer http://a/realms/x answered 404'
    expect(explain(tokenError('unavailable', notFound)).lines).toEqual([notFound, ISSUER])
  })

  test.each([
    'the token endpoint answered 500',
    'the token endpoint answered 429: slow_down',
    'discovery of issuer http://a answered 503',
    'the key document answered 500',
    'there is no device_authorization_endpoint: http://a names none',
  ])('a server that is there is not looked for elsewhere: %s', (message) => {
    expect(explain(tokenError('unavailable', message)).lines).toEqual([message])
    expect(explain(new ProviderError('provider_unavailable', message)).lines).toEqual([message])
  })

  test('CL-04 a place that another process has is none, and its message says all', () => {
    const busy = new PlaceBusy(tokenError('unavailable', 'held by process 7'))
    expect(explain(busy)).toEqual({ exitCode: 5, lines: ['held by process 7'] })
  })

  test('of an error that is not ours nothing but its name is said', () => {
    const { exitCode, lines } = explain(Object.assign(new Error('the-secret'), { code: 'E_X' }))
    expect({ exitCode, lines }).toEqual({ exitCode: 70, lines: ['this is a bug of latchkey: Error E_X'] })
    expect(explain('the-secret').lines).toEqual(['this is a bug of latchkey: string'])
  })
})
