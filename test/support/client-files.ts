import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A folder of one test's own for the files that a client is given. */
export class ClientFiles {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'latchkey-client-'))

  /** Puts a file in place of what was there, at once, and says where it is. */
  put(name: string, content: string): string {
    const file = path.join(this.folder, name)
    writeFileSync(`${file}.new`, content)
    renameSync(`${file}.new`, file)
    return file
  }

  remove(name?: string): void {
    rmSync(name === undefined ? this.folder : path.join(this.folder, name), { recursive: true, force: true })
  }
}

export type Curve = 'P-256' | 'P-384' | 'P-521' | 'secp256k1'

export const rsaKey = (modulusLength = 2048): KeyObject =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey
export const ecKey = (namedCurve: Curve = 'P-256'): KeyObject =>
  generateKeyPairSync('ec', { namedCurve }).privateKey

export const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): string =>
  key.export({ type, format: 'pem' } as { type: 'pkcs8'; format: 'pem' }).toString()

export const jwk = (key: KeyObject, members: Record<string, unknown> = {}): JsonWebKey => ({
  ...key.export({ format: 'jwk' }),
  ...members,
})
