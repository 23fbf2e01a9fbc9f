import * as oidc from 'openid-client'
import { decodeJwt, type JWTPayload } from 'jose'
import { isUsable, spentForNothing, UNCHECKED_ID_TOKEN } from '../provider/token-answer.js'
import { endOfUnknown, lifeOf } from '../provider/renewal-time.js'
import { TokenError } from './errors.js'
import type { Asked } from './keycloak-token-hints.js'
import { createTokenConnection, type TokenConnection } from './token-connection.js'
import { credentialsOf, type TokenClientOptions } from './token-options.js'
import type { TokenSet } from './token-set.js'
import type { Introspection } from './token-provider.js'
import { translateTokenError } from './translate.js'

/** One call for tokens. */
export interface GrantRequest {
  readonly asked: Asked
  readonly grantType: string
  /** What is `undefined` is not sent, not even empty. */
  readonly parameters: Readonly<Record<string, string | undefined>>
  /** Names of the parameters that must appear in no error. */
  readonly secret: readonly string[]
  /** Hears that the request is on its way. */
  readonly onSend?: () => void
  /** Gets the new refresh token of an answer that is no use otherwise: the old one is spent all the same. */
  readonly onSpent?: (refreshToken: string) => void
}

/** One client at one authorization server: every call that a provider makes. */
export interface TokenClient {
  readonly clientId: string
  /** The issuer, or the token endpoint. */
  readonly server: string
  /** @throws {@link TokenError} */
  request(request: GrantRequest): Promise<TokenSet>
  /**
   * Begins a device grant.
   *
   * @throws {@link TokenError}
   * @see {@link https://www.rfc-editor.org/rfc/rfc8628.html#section-3.1 | RFC 8628 §3.1}
   */
  startDevice(
    parameters: Readonly<Record<string, string | undefined>>,
  ): Promise<oidc.DeviceAuthorizationResponse>
  /** @throws {@link TokenError} */
  introspect(token: string): Promise<Introspection>
  /**
   * Revokes a token, whether it is good or dead already.
   *
   * @throws {@link TokenError}
   * @see {@link https://www.rfc-editor.org/rfc/rfc7009.html#section-2.2 | RFC 7009 §2.2}
   */
  revoke(token: string, hint: 'access_token' | 'refresh_token'): Promise<void>
  /** Whether hints about this server are Keycloak's, as far as is known by now. */
  isKeycloak(): boolean
}

/** @throws `TypeError` for a secret or key that cannot be used. */
export function createTokenClient(options: TokenClientOptions, now: () => number = Date.now): TokenClient {
  const { clientId } = options
  const connection = createTokenConnection(options)
  const call = callOf(connection, options)
  return {
    clientId,
    server: connection.server,
    isKeycloak: connection.isKeycloak,
    request({ asked, grantType, parameters, secret, onSend, onSpent }) {
      const form = given(parameters)
      const secrets = secret.flatMap((name) => form[name] ?? [])
      return call(asked, secrets, async (configuration) => {
        onSend?.()
        const answer = await oidc
          .genericGrantRequest(configuration, grantType, form)
          .catch((error: unknown) => {
            const refreshToken = spentForNothing(error)
            if (refreshToken !== undefined) onSpent?.(refreshToken)
            throw error
          })
        return tokenSetOf(answer, now())
      })
    },
    startDevice(parameters) {
      return call('device_code', [], (configuration) => {
        needs(options, configuration, 'device_authorization_endpoint')
        return oidc.initiateDeviceAuthorization(configuration, given(parameters))
      })
    },
    introspect(token) {
      return call('introspection', [token], (configuration) => {
        needs(options, configuration, 'introspection_endpoint')
        return oidc.tokenIntrospection(configuration, token)
      })
    },
    async revoke(token, hint) {
      try {
        await call('revocation', [token], (configuration) => {
          needs(options, configuration, 'revocation_endpoint')
          return oidc.tokenRevocation(configuration, token, { token_type_hint: hint })
        })
      } catch (error) {
        // > invalid tokens do not cause an error response since […] the purpose […] is already achieved
        const isOver = error instanceof TokenError && error.status === 400 && error.error === 'invalid_token'
        if (!isOver) throw error
      }
    },
  }
}

type Call = <T>(
  asked: Asked,
  secrets: readonly string[],
  work: (configuration: oidc.Configuration) => Promise<T>,
) => Promise<T>

/** A call whose errors are ours. */
function callOf(connection: TokenConnection, options: TokenClientOptions): Call {
  const { clientId } = options
  const { clientAuthentication } = credentialsOf(options)
  const { server, elsewhere } = connection
  return async (asked, secrets, work) => {
    try {
      return await work(await connection.connect())
    } catch (error) {
      throw await translateTokenError(error, {
        asked,
        clientId,
        clientAuthentication,
        server,
        isKeycloak: connection.isKeycloak(),
        elsewhere,
        secrets: [...secrets, ...connection.secrets()],
      })
    }
  }
}

function given(parameters: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

type Endpoint = 'device_authorization_endpoint' | 'introspection_endpoint' | 'revocation_endpoint'

function needs(
  { issuer, tokenEndpoint }: TokenClientOptions,
  configuration: oidc.Configuration,
  endpoint: Endpoint,
) {
  if (configuration.serverMetadata()[endpoint] !== undefined) return
  const why =
    issuer === undefined ? `${tokenEndpoint ?? ''} was given in place of issuer` : `${issuer} names none`
  throw new TokenError('unavailable', `there is no ${endpoint}: ${why}`, {
    status: 503,
    error: 'temporarily_unavailable',
  })
}

function tokenSetOf(answer: oidc.TokenEndpointResponse, obtainedAt: number): TokenSet {
  // A token that cannot stand in a header is none.
  if (!isUsable(answer))
    throw new TokenError('invalid_response', 'the token endpoint answered no usable access token', {
      status: 502,
      error: 'invalid_response',
    })
  const { access_token: accessToken, refresh_token: refreshToken, scope } = answer
  const idToken = answer[UNCHECKED_ID_TOKEN]
  const life = lifeOf(answer)
  return {
    accessToken,
    tokenType: answer.token_type,
    refreshToken,
    idToken: typeof idToken === 'string' ? idToken : undefined,
    scope,
    obtainedAt,
    expiresAt: life === undefined ? endOfNew(accessToken, obtainedAt) : obtainedAt + life * 1000,
  }
}

/** When a token is over of whose life nobody said anything: it may say so itself, unless its clock is another. */
function endOfNew(accessToken: string, obtainedAt: number): number {
  const life = lifeOf({ expires_in: ((timesOf(accessToken).exp ?? 0) - obtainedAt) / 1000 })
  return life === undefined ? endOfUnknown(obtainedAt) : obtainedAt + life * 1000
}

/** From when until when a token lasts by what it says, in milliseconds. */
export function timesOf(accessToken: string): { readonly iat?: number; readonly exp?: number } {
  const { iat, exp } = claimsOf(accessToken)
  return { ...(isTime(iat) && { iat: iat * 1000 }), ...(isTime(exp) && { exp: exp * 1000 }) }
}

/** Whether a token says that it is for somebody. */
export const isFor = (audience: string, accessToken: string): boolean =>
  [claimsOf(accessToken).aud].flat().includes(audience)

function claimsOf(accessToken: string): JWTPayload {
  try {
    return decodeJwt(accessToken)
  } catch {
    // Not a JWT.
    return {}
  }
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
