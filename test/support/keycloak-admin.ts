import { readFileSync } from 'node:fs'
import { REALM_FILE } from '../../keycloak/lib/server.mjs'
import { admin, issuerOf } from './real-keycloak.js'

/** What the realm's file holds and a test may change before the realm is made of it. */
export interface RealmFile {
  realm: string
  clients: { clientId: string; secret?: string; attributes?: Record<string, string> }[]
  [setting: string]: unknown
}

export interface RealmOptions {
  /** Values of the file's placeholders, without their `LATCHKEY_`. */
  readonly settings?: Readonly<Record<string, string>>
  readonly change?: (realm: RealmFile) => void
}

/** One entry of Keycloak's own record of what happened. */
export interface KeycloakEvent {
  readonly type: string
  readonly time: number
  readonly clientId?: string
  readonly userId?: string
  readonly error?: string
  readonly details?: Readonly<Record<string, string>>
}

/** Another application of the realm. It can do what `latchkey-web` can, and is told of nothing. */
export const OTHER_APP = 'other-app'

/** What is recorded, each with its failures. */
const EVENTS = [
  'LOGIN',
  'LOGOUT',
  'CLIENT_LOGIN',
  'CODE_TO_TOKEN',
  'REFRESH_TOKEN',
  'REVOKE_GRANT',
  'INTROSPECT_TOKEN',
  'USER_INFO_REQUEST',
  'TOKEN_EXCHANGE',
  'OAUTH2_DEVICE_AUTH',
  'OAUTH2_DEVICE_VERIFY_USER_CODE',
  'OAUTH2_DEVICE_CODE_TO_TOKEN',
  'GRANT_CONSENT',
].flatMap((type) => [type, `${type}_ERROR`])
const FAST_HASH = 'hashAlgorithm(pbkdf2-sha256) and hashIterations(1000) and length(8)'

/** A realm like the demo's, of one test's own, at the real server of the test run. It records what its clients do. */
export class TestRealm {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  static async create(name: string, { settings = {}, change }: RealmOptions = {}): Promise<TestRealm> {
    const file = readRealmFile(name, { PASSWORD_POLICY: FAST_HASH, OTP_REUSABLE: 'true', ...settings })
    file['enabledEventTypes'] = EVENTS
    // The documents have fixed ids, which exist once in a server.
    for (const client of file.clients)
      delete (client as { authorizationSettings?: unknown }).authorizationSettings
    const web = file.clients.find(({ clientId }) => clientId === 'latchkey-web')
    if (web === undefined) throw new Error('the realm has no client latchkey-web')
    const attributes = { ...web.attributes, 'backchannel.logout.url': '' }
    file.clients.push({ ...web, clientId: OTHER_APP, secret: `${OTHER_APP}-secret`, attributes })
    change?.(file)
    await admin('', { method: 'POST', body: file })
    return new TestRealm(name)
  }

  get issuer(): string {
    return issuerOf(this.name)
  }

  admin(path: string, request: { method?: string; body?: unknown } = {}): Promise<unknown> {
    return admin(`/${this.name}${path}`, request)
  }

  /** What happened of a kind, the oldest first. */
  async events(type: string): Promise<readonly KeycloakEvent[]> {
    const newestFirst = (await this.admin(`/events?type=${type}&max=10000`)) as KeycloakEvent[]
    return newestFirst.reverse()
  }

  /** What became of the refresh tokens of a person that were shown to the server. */
  async refreshesOf(userId: string): Promise<{ readonly granted: number; readonly refused: number }> {
    // A refusal names nobody but the owner of what was shown.
    const count = async (type: string): Promise<number> =>
      (await this.events(type)).filter(({ details }) => details?.['refresh_token_sub'] === userId).length
    return { granted: await count('REFRESH_TOKEN'), refused: await count('REFRESH_TOKEN_ERROR') }
  }

  async userId(username: string): Promise<string> {
    const [user] = (await this.admin(`/users?exact=true&username=${username}`)) as { id: string }[]
    if (user === undefined) throw new Error(`the realm has no ${username}`)
    return user.id
  }

  /** Makes another person, who signs in with `<name>-password`. */
  async addPerson(username: string): Promise<string> {
    const credentials = [{ type: 'password', value: `${username}-password`, temporary: false }]
    const name = { firstName: username, lastName: 'Tester', email: `${username}@example.test` }
    await this.admin('/users', { method: 'POST', body: { username, enabled: true, credentials, ...name } })
    return this.userId(username)
  }

  /** Where the realm tells the web client of a sign-out. */
  async tellSignOutsTo(publicUrl: string): Promise<void> {
    const [client] = (await this.admin('/clients?clientId=latchkey-web')) as {
      id: string
      attributes: Record<string, string>
    }[]
    const attributes = { ...client?.attributes, 'backchannel.logout.url': `${publicUrl}/backchannel-logout` }
    await this.admin(`/clients/${client?.id ?? ''}`, { method: 'PUT', body: { ...client, attributes } })
  }

  /** The sessions that a person has at the server. */
  async sessionsOf(userId: string): Promise<readonly { readonly id: string }[]> {
    return (await this.admin(`/users/${userId}/sessions`)) as { id: string }[]
  }

  async remove(): Promise<void> {
    await this.admin('', { method: 'DELETE' })
  }
}

/** The demo's realm under another name, its placeholders filled in. */
export function readRealmFile(name: string, settings: Readonly<Record<string, string>> = {}): RealmFile {
  const text = readFileSync(REALM_FILE, 'utf8')
    .replaceAll('default-roles-latchkey', `default-roles-${name}`)
    .replaceAll('/realms/latchkey/', `/realms/${name}/`)
    .replace(
      /\$\{LATCHKEY_(\w+):([^}]*)\}/g,
      (_all, key: string, byDefault: string) => settings[key] ?? byDefault,
    )
  return { ...(JSON.parse(text) as RealmFile), realm: name }
}
