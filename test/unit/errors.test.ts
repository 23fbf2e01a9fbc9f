import { describe, expect, test } from '@jest/globals'
import { BearerError, type BearerErrorCode } from '../../src/bearer/errors.js'
import { isAppError, ownError, type AppError } from '../../src/errors.js'
import { LoginError, type LoginErrorCode } from '../../src/login/errors.js'
import { german } from '../../src/pages/texts-de.js'
import { texts as english, type PageErrorCode } from '../../src/pages/texts.js'
import { JwtError, ProviderError, type ProviderErrorCode } from '../../src/provider/errors.js'
import { SessionError, type SessionErrorCode } from '../../src/session/errors.js'

// Each table is complete: a code of the union that is missing here does not compile.
const BEARER: Record<BearerErrorCode, number> = {
  missing_token: 401,
  invalid_request: 400,
  invalid_token: 401,
  insufficient_scope: 403,
  insufficient_user_authentication: 401,
}
const LOGIN: Record<LoginErrorCode, number> = {
  invalid_response: 400,
  unknown_login: 400,
  login_spent: 400,
  login_expired: 400,
  access_denied: 400,
  login_required: 400,
  refused_by_provider: 400,
  wrong_issuer: 400,
  code_refused: 400,
  id_token_invalid: 400,
  client_refused: 502,
  token_response_invalid: 502,
  userinfo_invalid: 502,
  invalid_login_parameter: 400,
  registration_off: 404,
  unauthorized: 401,
  insufficient_user_authentication: 401,
  login_too_weak: 403,
  refresh_refused: 401,
  unknown_session: 404,
  invalid_logout_token: 400,
  invalid_logout_request: 400,
  logged_out_meanwhile: 400,
}
const PROVIDER: Record<ProviderErrorCode, number> = {
  provider_unavailable: 503,
  provider_metadata_invalid: 503,
  provider_keys_unusable: 503,
  provider_response_invalid: 502,
}
const SESSION: Record<SessionErrorCode, number> = {
  session_store_unavailable: 503,
  cross_site_request: 403,
}
const PROBLEMS: Record<
  Exclude<PageErrorCode, LoginErrorCode | ProviderErrorCode | SessionErrorCode>,
  true
> = {
  not_found: true,
  internal_error: true,
  bad_request: true,
}

const MESSAGE = 'a message for the log'
const codes = <C extends string>(table: Record<C, unknown>): C[] => Object.keys(table) as C[]
const errors: [string, AppError, number][] = [
  ...codes(BEARER).map((code): [string, AppError, number] => [
    code,
    new BearerError(code, MESSAGE),
    BEARER[code],
  ]),
  ...codes(LOGIN).map((code): [string, AppError, number] => [
    code,
    new LoginError(code, MESSAGE),
    LOGIN[code],
  ]),
  ...codes(PROVIDER).map((code): [string, AppError, number] => [
    code,
    new ProviderError(code, MESSAGE),
    PROVIDER[code],
  ]),
  ...codes(SESSION).map((code): [string, AppError, number] => [
    code,
    new SessionError(code, MESSAGE),
    SESSION[code],
  ]),
]

describe('every error', () => {
  test.each(errors)('LG-03 %s has its status and words of its own', (code, error, status) => {
    expect([error.code, error.status]).toEqual([code, status])
    expect(error.description).toMatch(/^[A-Z][A-Za-z ]{10,}$/)
    expect(error.description).not.toContain(MESSAGE)
    expect(error.message).toBe(MESSAGE)
  })

  test.each(errors)(
    '%s says when to come back exactly when it means “cannot decide now”',
    (_code, error, status) => {
      expect(error.retryAfter).toBe(status === 503 ? 5 : undefined)
    },
  )

  test('a code is not used twice, save the one that a specification has for people and programs', () => {
    const all = errors.map(([code]) => code)
    const twice = all.filter((code, at) => all.indexOf(code) !== at)
    expect(twice).toEqual(['insufficient_user_authentication'])
  })

  test('keeps cause and hint, and says what it is', () => {
    const cause = new RangeError('cause')
    const error = new BearerError('invalid_token', MESSAGE, { cause, hint: 'hint', scope: ['a'] })
    expect(error).toMatchObject({ cause, hint: 'hint', scope: ['a'], name: 'BearerError' })
    expect([isAppError(error), isAppError(cause), isAppError({ code: 'x', status: 500 })]).toEqual([
      true,
      false,
      false,
    ])
    expect('cause' in new BearerError('invalid_token', MESSAGE)).toBe(false)
  })

  test('says what a challenge asks for, and where the person wanted to go, when it was told so', () => {
    const challenge = { acr_values: '2fa' }
    const error = new LoginError('insufficient_user_authentication', MESSAGE, { challenge })
    expect([error.challenge, error.returnTo]).toEqual([challenge, undefined])
    const forOne = error.returningTo('/vault')
    expect(forOne).toBeInstanceOf(LoginError)
    expect([forOne.returnTo, forOne.code, forOne.status, forOne.challenge, forOne.message]).toEqual([
      '/vault',
      'insufficient_user_authentication',
      401,
      challenge,
      MESSAGE,
    ])
    expect(error.returnTo).toBeUndefined()
    const plain = new LoginError('unauthorized', MESSAGE)
    expect(plain.challenge).toBeUndefined()
    // What a console prints of an error is what it is about.
    expect(Object.keys(plain)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/challenge|returnTo/)]),
    )
  })

  test('ownError finds an error of ours also where a library has wrapped it', () => {
    const own = new ProviderError('provider_unavailable', MESSAGE)
    expect(ownError(own)).toBe(own)
    expect(ownError(new Error('wrapped', { cause: own }))).toBe(own)
    for (const other of [
      undefined,
      null,
      'x',
      new Error('x'),
      new Error('x', { cause: new Error('y') }),
      { cause: own },
    ])
      expect(ownError(other)).toBeUndefined()
  })

  test('an error about a JWT is not one that is answered: who asked says what it means', () => {
    expect(isAppError(new JwtError('exp', 'expired'))).toBe(false)
  })
})

describe.each([english, german])('the words on pages, in $language', (texts) => {
  const pageCodes = [LOGIN, PROVIDER, SESSION, PROBLEMS].flatMap((table) =>
    Object.keys(table),
  ) as PageErrorCode[]

  test.each(pageCodes)('IN-01 LG-03 %s has a title, what happened and what to do', (code) => {
    const { title, happened, advice } = texts.errors[code]
    for (const text of [title, happened, advice]) {
      expect(text).toMatch(/^\p{Lu}/u)
      expect(text).not.toMatch(/[<>&]|undefined/)
    }
    expect([happened, advice].every((text) => text.endsWith('.'))).toBe(true)
  })

  test('there is no text for a code that does not exist', () => {
    expect(Object.keys(texts.errors).sort()).toEqual([...pageCodes].sort())
  })
})
