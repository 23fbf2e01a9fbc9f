import { readCertificate } from './client-certificate.js'
import { readClientKeys } from './client-keys.js'
import { CredentialError, readCredentialFile, readSecret, type CredentialMember } from './credential-file.js'

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication | OpenID Connect Core §9} */
export const CLIENT_AUTHENTICATION = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'tls_client_auth',
  'none',
] as const
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATION)[number]

/** What a client proves itself by. Files are read again when they change. */
export interface ClientCredentials {
  readonly clientAuthentication: ClientAuthentication
  readonly clientSecret?: string | undefined
  readonly clientSecretFile?: string | undefined
  readonly clientKeyFile?: string | undefined
  readonly clientCertFile?: string | undefined
}

/** Which files a method works with. */
const FILES: Readonly<Record<ClientAuthentication, readonly CredentialMember[]>> = {
  client_secret_basic: ['clientSecretFile'],
  client_secret_post: ['clientSecretFile'],
  client_secret_jwt: ['clientSecretFile'],
  private_key_jwt: ['clientKeyFile'],
  tls_client_auth: ['clientKeyFile', 'clientCertFile'],
  none: [],
}

/** Whether a method proves that the client knows a secret. */
export const needsSecret = (method: ClientAuthentication): boolean =>
  FILES[method].includes('clientSecretFile')

/** A member of the credentials, as whoever gives them calls it. */
export type NameOf = (member: keyof ClientCredentials | 'issuer' | 'internalUrl') => string

export interface CredentialContext {
  /** Where the proof is sent to, when it is known. */
  readonly issuer?: string | undefined
  readonly internalUrl?: string | undefined
  readonly nameOf?: NameOf
}

/**
 * What is wrong with credentials at the start: what is missing, what is there for nothing, and files that are no use.
 * Each begins with the name of a member; none holds a value, a path or the content of a file.
 */
export function credentialProblems(
  credentials: ClientCredentials,
  { nameOf = (member) => member, ...address }: CredentialContext = {},
): readonly string[] {
  const problems = [
    ...missing(credentials, nameOf),
    ...superfluous(credentials, nameOf),
    ...withoutTls(credentials, address, nameOf),
  ]
  return problems.length > 0 ? problems : useless(credentials, nameOf)
}

function missing(credentials: ClientCredentials, nameOf: NameOf): readonly string[] {
  const { clientAuthentication: method, clientSecret, clientSecretFile } = credentials
  const [secret, file] = [nameOf('clientSecret'), nameOf('clientSecretFile')]
  if (clientSecret !== undefined && clientSecretFile !== undefined)
    return [`${secret} and ${file} are both set: give one`]
  if (needsSecret(method)) {
    const there = clientSecret !== undefined || clientSecretFile !== undefined
    if (!there) return [`${secret} (or ${file}) is required`]
    return clientSecret?.trim() === '' ? [`${secret} is empty`] : []
  }
  return FILES[method]
    .filter((member) => credentials[member] === undefined)
    .map((member) => `${nameOf(member)} is required with ${method}`)
}

/** Whoever gives a file means it to be used. A secret may be left over, as in an adapter file. */
function superfluous(credentials: ClientCredentials, nameOf: NameOf): readonly string[] {
  const { clientAuthentication: method } = credentials
  const files = ['clientSecretFile', 'clientKeyFile', 'clientCertFile'] as const
  return files
    .filter((member) => credentials[member] !== undefined && !FILES[method].includes(member))
    .map((member) => `${nameOf(member)} is of no use with ${nameOf('clientAuthentication')} ${method}`)
}

/** A certificate is shown in a TLS handshake, and in nothing else. */
function withoutTls(
  { clientAuthentication: method }: ClientCredentials,
  { issuer, internalUrl }: CredentialContext,
  nameOf: NameOf,
): readonly string[] {
  const member = internalUrl === undefined ? 'issuer' : 'internalUrl'
  const address = internalUrl ?? issuer
  if (method !== 'tls_client_auth' || !address?.startsWith('http:')) return []
  return [`${nameOf(member)} must be https with tls_client_auth: plain http shows no certificate`]
}

function useless(credentials: ClientCredentials, nameOf: NameOf): readonly string[] {
  try {
    readAll(credentials)
    return []
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    return [`${nameOf(error.member)} ${error.message}`]
  }
}

function readAll({
  clientAuthentication: method,
  clientSecretFile,
  clientKeyFile = '',
  clientCertFile = '',
}: ClientCredentials): void {
  const key = (): string => readCredentialFile('clientKeyFile', clientKeyFile)
  if (clientSecretFile !== undefined) readSecret(readCredentialFile('clientSecretFile', clientSecretFile))
  if (method === 'private_key_jwt') readClientKeys(key())
  if (method === 'tls_client_auth')
    readCertificate(readCredentialFile('clientCertFile', clientCertFile), key())
}
