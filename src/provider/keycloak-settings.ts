import { isObject } from './is-object.js'

/** What Latchkey takes from the adapter file that Keycloak's admin console offers. */
export interface KeycloakSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | undefined
}

/** Names what is wrong with an adapter file; never shows a value of it. */
export class KeycloakSettingsError extends Error {
  override readonly name = 'KeycloakSettingsError'
}

/**
 * Reads the JSON of Clients → … → Action → Download adapter config.
 *
 * @throws {@link KeycloakSettingsError}
 */
export function readKeycloakSettings(
  json: string,
  { needsSecret }: { needsSecret: boolean },
): KeycloakSettings {
  const settings = parse(json)
  const { credentials } = settings
  const secret = isObject(credentials) ? credentials['secret'] : undefined
  const hasSecret = typeof secret === 'string' && secret.trim() !== ''
  if (needsSecret && !hasSecret) throw new KeycloakSettingsError('credentials.secret is missing')
  return {
    issuer: `${readServer(settings)}/realms/${readRealm(settings)}`,
    clientId: text(settings, 'resource'),
    clientSecret: hasSecret ? secret : undefined,
  }
}

/** With or without a slash at the end. */
function readServer(settings: Readonly<Record<string, unknown>>): string {
  const server = text(settings, 'auth-server-url')
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol) || /[?#]/.test(server)) {
    throw new KeycloakSettingsError('auth-server-url is not an http(s) address')
  }
  return server.replace(/\/+$/, '')
}

function readRealm(settings: Readonly<Record<string, unknown>>): string {
  const realm = text(settings, 'realm')
  if (/[/\\?#%\s]/.test(realm) || realm === '.' || realm === '..') {
    throw new KeycloakSettingsError('realm is not the name of a realm')
  }
  return realm
}

function parse(json: string): Readonly<Record<string, unknown>> {
  let settings: unknown
  try {
    settings = JSON.parse(json)
  } catch {
    // What JSON.parse says repeats a part of the file, which holds a secret.
    throw new KeycloakSettingsError('the file is not JSON')
  }
  if (!isObject(settings)) throw new KeycloakSettingsError('the file is not a JSON object')
  return settings
}

function text(settings: Readonly<Record<string, unknown>>, key: string): string {
  const value = settings[key]
  if (typeof value !== 'string' || value.trim() === '') throw new KeycloakSettingsError(`${key} is missing`)
  return value
}
