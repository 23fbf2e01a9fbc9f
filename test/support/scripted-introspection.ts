import { authenticate } from './scripted-clients.js'
import { activeClaims, audienceOf } from './scripted-grants.js'
import type { Call, ScriptedProvider } from './scripted-provider.js'
import { refusal, type TokenAnswer } from './scripted-refusals.js'

/**
 * The introspection endpoint: a token is active for those who are in its audience alone, as in Keycloak since 26.6.2.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662.html#section-2 | RFC 7662 §2}
 */
export async function answerIntrospection(provider: ScriptedProvider, call: Call): Promise<TokenAnswer> {
  const client = authenticate(provider, call)
  if ('status' in client) return refusal(401, 'invalid_client', 'Client authentication failed.')
  if (client.isPublic) return refusal(403, 'invalid_request', 'Client not allowed.')
  const token = call.form.get('token') ?? ''
  if (token === '') return refusal(400, 'invalid_request', 'Token not provided.')
  if (call.form.get('token_type_hint') === 'refresh_token')
    return { status: 200, body: { active: provider.families.isActive(token) } }
  const claims = provider.revoked.has(token) ? undefined : await activeClaims(provider, token)
  const isActive = claims !== undefined && audienceOf(claims).includes(client.id)
  return {
    status: 200,
    body: isActive
      ? { ...claims, active: true, client_id: claims['azp'], username: claims['preferred_username'] }
      : { active: false },
  }
}
