/** The endpoints of the scripted provider, by their place in the realm. */
export type Endpoint =
  'discovery' | 'jwks' | 'authorize' | 'token' | 'userinfo' | 'revoke' | 'logout' | 'introspect' | 'device'

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '.well-known/openid-configuration': 'discovery',
  'protocol/openid-connect/auth': 'authorize',
  'protocol/openid-connect/auth/device': 'device',
  'protocol/openid-connect/token': 'token',
  'protocol/openid-connect/token/introspect': 'introspect',
  'protocol/openid-connect/certs': 'jwks',
  'protocol/openid-connect/userinfo': 'userinfo',
  'protocol/openid-connect/revoke': 'revoke',
  'protocol/openid-connect/logout': 'logout',
}

export function endpointOf(path: string): Endpoint | undefined {
  return ENDPOINTS[path.replace('/realms/demo/', '')]
}

/** `client_id:client_secret` as a server reads it. */
export function readBasic(authorization = ''): string {
  const text = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString()
  return decodeURIComponent(text.replace(/\+/g, '%20'))
}
