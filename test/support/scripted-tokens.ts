import { createHash } from 'node:crypto'
import type { Family } from './refresh-families.js'
import type { ScriptedProvider } from './scripted-provider.js'
import { sign } from './signing.js'

/** What tokens are made for. */
export interface Granted {
  readonly family: Family
  readonly nonce: string | undefined
}

/** The answer of the token endpoint. */
export async function makeTokenSet(
  provider: ScriptedProvider,
  { family, nonce }: Granted,
): Promise<Record<string, unknown>> {
  const { issuer, client, key, families, accessTokenLife } = provider
  const { person, sid, authTime } = family
  const now = Math.floor(Date.now() / 1000)
  const accessToken = await provider.accessToken({ ...person })
  const claims = {
    iss: issuer,
    aud: client.id,
    azp: client.id,
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
  return {
    access_token: accessToken,
    expires_in: accessTokenLife,
    refresh_token: families.issue(family),
    token_type: 'Bearer',
    id_token: typeof draft === 'string' ? draft : await sign(draft.claims, draft.key, draft.header),
    scope: 'openid profile email',
  }
}
