import * as oidc from 'openid-client'
import { ownError } from '../errors.js'
import type { Claims } from '../provider/jwt.js'
import { LoginError } from './errors.js'

/** Which claims a scope promises to those who show a person's name. */
const PROMISED: Readonly<Record<string, readonly string[]>> = {
  profile: ['name', 'preferred_username'],
  email: ['email'],
}

/** What tells how somebody signed in is the ID token's to say. */
const OF_ID_TOKEN: readonly string[] = ['acr', 'amr', 'auth_time', 'sid', 'nonce']

/** Whether the ID token lacks a claim that the granted scope promises. */
export function lacksClaims(claims: Claims, scope: ReadonlySet<string>): boolean {
  return [...scope].some((word) => PROMISED[word]?.some((name) => claims[name] === undefined) ?? false)
}

/**
 * Asks the userinfo endpoint for what the ID token does not say.
 *
 * @throws {@link LoginError} `userinfo_invalid`; `ProviderError` when there is no answer.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse | OpenID Connect Core §5.3.2}
 */
export async function fetchClaims(
  configuration: oidc.Configuration,
  accessToken: string,
  subject: string,
): Promise<Claims> {
  try {
    // > The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token
    const claims = await oidc.fetchUserInfo(configuration, accessToken, subject)
    return Object.fromEntries(Object.entries(claims).filter(([name]) => !OF_ID_TOKEN.includes(name)))
  } catch (cause) {
    throw (
      ownError(cause) ??
      new LoginError('userinfo_invalid', 'the userinfo response is not one for this person', { cause })
    )
  }
}
