import {
  keycloakClientHint,
  type ClientRefusal,
  type KeycloakClient,
} from '../provider/keycloak-client-hint.js'

/** What was asked of the authorization server when it said no. */
export type Asked =
  | 'password'
  | 'client_credentials'
  | 'refresh_token'
  | 'device_code'
  | 'token_exchange'
  | 'jwt_bearer'
  | 'introspection'
  | 'revocation'

export interface Refused extends ClientRefusal, KeycloakClient {
  readonly asked: Asked
}

type Rule = readonly [matches: (refused: Refused) => boolean, hint: (clientId: string) => string]

const capability = (clientId: string): string => `Clients → ${clientId} → Settings → Capability config`

/** The first that matches counts. */
const RULES: readonly Rule[] = [
  [
    ({ asked, description }) =>
      asked === 'client_credentials' && /public client not allowed/i.test(description),
    (id) =>
      `${capability(id)} → Client authentication On, then Service account roles On: a public client has no service account`,
  ],
  [
    ({ asked, description }) => asked === 'client_credentials' && /service account/i.test(description),
    (id) => `${capability(id)} → Service account roles On`,
  ],
  [
    ({ description }) => /direct access grants/i.test(description),
    (id) => `${capability(id)} → Direct access grants On (off by default)`,
  ],
  [
    ({ asked, description }) => asked === 'device_code' && /device authorization grant/i.test(description),
    (id) => `${capability(id)} → OAuth 2.0 Device Authorization Grant On`,
  ],
  [
    ({ asked, description }) => asked === 'jwt_bearer' && /public client not allowed/i.test(description),
    (id) => `${capability(id)} → Client authentication On, then JWT Authorization Grant On`,
  ],
  [
    ({ asked, description }) =>
      asked === 'jwt_bearer' &&
      /not supported for the requested client|not allowed for the client/i.test(description),
    (id) =>
      `${capability(id)} → JWT Authorization Grant On, and its provider among Allowed Identity Providers for JWT Authorization Grant`,
  ],
  [
    ({ description }) => /identity provider for provided issuer/i.test(description),
    () =>
      'Identity providers → Add provider → JWT Authorization Grant, with the assertion’s iss as Issuer: this realm has none of that name',
  ],
  [
    ({ asked, description }) => asked === 'jwt_bearer' && /user not found/i.test(description),
    () =>
      'nobody is linked to the assertion’s sub: Users → this person → Identity provider links → Link account, with that sub as User ID',
  ],
  [
    ({ asked, description }) => asked === 'token_exchange' && /audience not found/i.test(description),
    () => 'the audience that was asked for is no client of this realm: Clients lists them by Client ID',
  ],
  [
    ({ asked, description }) => asked === 'token_exchange' && /public client/i.test(description),
    (id) => `${capability(id)} → Client authentication On, then Standard Token Exchange On`,
  ],
  [
    ({ asked, description }) => asked === 'token_exchange' && /^client disabled/i.test(description),
    () => 'the client that was named as audience is disabled: Clients, and Enabled at its top',
  ],
  [
    ({ asked, description }) => asked === 'token_exchange' && /missing consents/i.test(description),
    () =>
      'the person has not consented to what the audience’s client asks for: that client → Settings → Consent required',
  ],
  [
    ({ asked, description }) =>
      asked === 'token_exchange' && /token exchange/i.test(description) && /not enabled/i.test(description),
    (id) => `${capability(id)} → Standard Token Exchange On (the client must be confidential)`,
  ],
  [
    ({ description }) => /requested audience/i.test(description),
    (id) =>
      `no scope of ${id} gives that audience: Clients → ${id} → Client scopes → ${id}-dedicated → Add mapper → Audience → Included Client Audience`,
  ],
  [
    ({ description }) => /within the token audience/i.test(description),
    (id) =>
      `the subject token does not name ${id}: Client scopes → the dedicated scope of the client that got it → Add mapper → Audience → Included Client Audience: ${id}`,
  ],
  [
    ({ description }) => /user consent/i.test(description),
    (id) => `Clients → ${id} → Settings → Consent required Off: this way nobody can be asked for consent`,
  ],
  [
    ({ asked, description }) => asked === 'introspection' && /client not allowed/i.test(description),
    () => 'a public client may not introspect: ask with a confidential client that is in the audience',
  ],
  [
    ({ error }) => error === 'invalid_scope',
    (id) =>
      `Clients → ${id} → Client scopes → Add client scope: ${id} has none of that name; one that is not there at all is made by Client scopes → Create client scope`,
  ],
  [
    ({ description }) => /not fully set up/i.test(description),
    () =>
      'Users → this person → Details: e-mail, first and last name are needed, and Required user actions must be empty',
  ],
  [
    ({ description }) => /account disabled/i.test(description),
    () => 'Users → this person → Details → Enabled On',
  ],
  [
    ({ asked, error }) => asked === 'password' && error === 'invalid_grant',
    () =>
      'user name or password is wrong, or a one-time code is missing or used up: a person who has a one-time password needs its code, too (otp; on the command line: latchkey token --otp). With brute force detection on, Keycloak refuses even the right password for a while after some failures',
  ],
]

/** The switch in Keycloak's admin console that mends a refusal, where we know it. */
export function keycloakTokenHint(refused: Refused): string | undefined {
  const hint = RULES.find(([matches]) => matches(refused))?.[1]
  return hint === undefined ? keycloakClientHint(refused, refused) : hint(refused.clientId)
}

/** What is missing when a new token is inactive for the client that got it. */
export function keycloakInactiveHint(clientId: string): string {
  return `Keycloak calls every token inactive whose aud does not name the client that asks: Clients → ${clientId} → Client scopes → ${clientId}-dedicated → Add mapper → Audience → Included Client Audience: ${clientId}, Add to access token On, Add to token introspection On`
}
