/** The real server of the test run; `npm test` starts it. */
export interface RealKeycloak {
  readonly url: string
  readonly realm: string
  readonly otpRealm: string
  readonly admin: { readonly username: string; readonly password: string }
}

export function realKeycloak(): RealKeycloak {
  const settings = process.env['LATCHKEY_TEST_KEYCLOAK']
  if (settings === undefined) throw new Error('These tests need a real Keycloak: run them with `npm test`')
  return JSON.parse(settings) as RealKeycloak
}

export function issuerOf(realm: string = realKeycloak().realm): string {
  return `${realKeycloak().url}/realms/${realm}`
}

export interface TokenAnswer {
  readonly status: number
  readonly access_token: string
  readonly id_token: string
  readonly refresh_token: string
  readonly error?: string
}

/** One call of the token endpoint, as a program makes it. */
export async function requestToken(form: Record<string, string>, issuer = issuerOf()): Promise<TokenAnswer> {
  const response = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  return { ...((await response.json()) as TokenAnswer), status: response.status }
}

/** A token for one of the demo's people by password, through one of the demo's clients. */
export function tokenOf(
  person: string,
  client = 'latchkey-public',
  more: Record<string, string> = {},
  issuer = issuerOf(),
): Promise<TokenAnswer> {
  const secret: Record<string, string> =
    client === 'latchkey-public' ? {} : { client_secret: `${client}-secret` }
  const who = { username: person, password: `${person}-password` }
  return requestToken(
    {
      grant_type: 'password',
      scope: 'openid',
      client_id: client,
      ...secret,
      ...who,
      ...more,
    },
    issuer,
  )
}

/** The admin API: JSON in, JSON or nothing out. */
export async function admin(
  path: string,
  { method = 'GET', body }: { method?: string; body?: unknown } = {},
): Promise<unknown> {
  const { url, admin: account } = realKeycloak()
  const { access_token: token } = await requestToken(
    { grant_type: 'password', client_id: 'admin-cli', ...account },
    `${url}/realms/master`,
  )
  const response = await fetch(`${url}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  const text = await response.text()
  return text === '' ? undefined : JSON.parse(text)
}
