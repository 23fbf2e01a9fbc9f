import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import type { Log } from '../log.js'

/** Which of the files, as `ClientCredentials` calls it. */
export type CredentialMember = 'clientSecretFile' | 'clientKeyFile' | 'clientCertFile'

/** Why a file is of no use, in words that go behind its name. Never its content, never its path. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
  readonly member: CredentialMember

  constructor(member: CredentialMember, reason: string) {
    super(reason)
    this.member = member
  }
}

/** Without waiting for anybody to write into what is no regular file. */
const FLAGS = constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0)

/**
 * What a file holds. It is read again and again, so it must be a regular file: a pipe gives what it has once.
 *
 * @throws {@link CredentialError}
 */
export function readCredentialFile(member: CredentialMember, path: string): string {
  let file: number | undefined
  try {
    file = openSync(path, FLAGS)
    if (!fstatSync(file).isFile()) throw new CredentialError(member, 'names what is not a regular file')
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw error instanceof CredentialError
      ? error
      : new CredentialError(member, 'names a file that cannot be read')
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/**
 * The secret that a file holds; a line break at its end is not part of it. Blanks alone are no secret: that file was emptied.
 *
 * @throws {@link CredentialError}
 */
export function readSecret(content: string): string {
  const secret = content.replace(/\r?\n$/, '')
  if (secret.trim() === '') throw new CredentialError('clientSecretFile', 'names an empty file')
  return secret
}

/** Each file with the setting that names it, and the log's code for one that is of no use any more. */
const TOLD = {
  clientSecretFile: { setting: 'OIDC_CLIENT_SECRET_FILE', code: 'client_secret_file_unusable' },
  clientKeyFile: { setting: 'OIDC_CLIENT_KEY_FILE', code: 'client_key_file_unusable' },
  clientCertFile: { setting: 'OIDC_CLIENT_CERT_FILE', code: 'client_cert_file_unusable' },
} as const

export interface CredentialFilesOptions<T> {
  /** The files, all of which are read for one value. */
  readonly files: readonly (readonly [member: CredentialMember, path: string])[]
  /** Makes the value of their contents; throws {@link CredentialError}. */
  readonly parse: (...contents: readonly string[]) => T
  readonly log: Log
}

/**
 * What files hold, looked up at each call. The value is the same object until a file changes. Files that have become
 * useless leave the last good value, and one line in the log for each change.
 *
 * @throws {@link CredentialError} when they are of no use from the beginning.
 */
export function createCredentialFiles<T>({ files, parse, log }: CredentialFilesOptions<T>): () => T {
  const read = (): readonly string[] => files.map(([member, path]) => readCredentialFile(member, path))
  let seen = read()
  let value = parse(...seen)
  /** What is wrong with what is there now: a state that was told is not told again. */
  let trouble: string | undefined

  function tell(error: unknown, state: string): void {
    if (!(error instanceof CredentialError)) throw error
    if (trouble === state) return
    trouble = state
    const { member, message } = error
    log.warn({ ...TOLD[member], reason: `${member} ${message}` }, 'what was read before stays in use')
  }

  return () => {
    let contents: readonly string[]
    try {
      contents = read()
    } catch (error) {
      tell(error, stateOf(error))
      return value
    }
    if (isSame(contents, seen)) {
      trouble = undefined
      return value
    }
    const state = JSON.stringify(contents)
    if (trouble === state) return value
    try {
      value = parse(...contents)
    } catch (error) {
      tell(error, state)
      return value
    }
    seen = contents
    trouble = undefined
    const settings = files.map(([member]) => TOLD[member].setting)
    log.info({ code: 'client_credentials_changed', settings }, 'a new secret, key or certificate is in use')
    return value
  }
}

const stateOf = (error: unknown): string =>
  error instanceof CredentialError ? `${error.member} ${error.message}` : ''

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.every((content, index) => content === other[index])
