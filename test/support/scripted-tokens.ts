import { createHash } from 'node:crypto'
import type { Family } from './refresh-families.js'
import type { ScriptedProvider } from './scripted-provider.js'
import { sign } from './signing.js'

/** What tokens are made for. */
export interface Granted {
  readonly family: Family
  readonly nonce: string | undefined
}

/** What the tokens of a login without a browser are made for. */
export interface MachineGrant {
  readonly family: Family
  readonly clientId: string
  readonly scope: string
  readonly hasRefreshToken: boolean
}

/** The answer of the token endpoint to a person's login in a browser. */
export async function makeTokenSet(
  provider: ScriptedProvider,
  { family, nonce }: Granted,
): Promise<Record<string, unknown>> {
  const accessToken = await provider.accessToken({ ...family.person })
  return {
    access_token: accessToken,
    expires_in: provider.accessTokenLife,
    refresh_token: provider.families.issue(family),
    token_type: 'Bearer',
    id_token: await makeIdToken(provider, family, accessToken, nonce),
    scope: 'openid profile email',
  }
}

/** The answer to everybody else, with the members that Keycloak has in it. */
export async function makeMachineTokens(
  provider: ScriptedProvider,
  { family, clientId, scope, hasRefreshToken }: MachineGrant,
): Promise<Record<string, unknown>> {
  const { person, sid } = family
  const session = hasRefreshToken ? { sid } : {}
  const accessToken = await provider.accessToken({ azp: clientId, scope, ...session, ...person })
  return {
    access_token: accessToken,
    expires_in: provider.accessTokenLife,
    refresh_expires_in: hasRefreshToken ? 1800 : 0,
    ...(hasRefreshToken && { refresh_token: provider.families.issue(family) }),
    token_type: 'Bearer',
    ...(scope.split(' ').includes('openid') && {
      id_token: await makeIdToken(provider, family, accessToken, undefined, clientId),
    }),
    'not-before-policy': 0,
    ...(hasRefreshToken && { session_state: sid }),
    scope,
  }
}

async function makeIdToken(
  provider: ScriptedProvider,
  { person, sid, authTime }: Family,
  accessToken: string,
  nonce: string | undefined,
  clientId = provider.client.id,
): Promise<string> {
  const { issuer, key } = provider
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: issuer,
    aud: clientId,
    azp: clientId,
    typ: 'ID',
    iat: now,
    exp: now + 300,
    auth_time: authTime,
    acr: 'pwd',
    sid,
    at_hash: createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url'),
    nonce,
    ...person,
  }
  const draft = await provider.onIdToken({
    header: { alg: key.alg, typ: 'JWT', kid: key.kid },
    claims,
    key,
  })
  return typeof draft === 'string' ? draft : sign(draft.claims, draft.key, draft.header)
}
