import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { privateKeyBlocks } from './client-keys.js'
import { CredentialError } from './credential-file.js'
import type { ClientCertificate } from './transport.js'

/**
 * A certificate and its key, checked to belong together. Below the certificate those of its issuers may stand.
 *
 * @throws {@link CredentialError}
 */
export function readCertificate(certificates: string, keys: string): ClientCertificate {
  const refuse = (reason: string): CredentialError => new CredentialError('clientCertFile', reason)
  if (certificates.trim() === '') throw refuse('names an empty file')
  if (keys.trim() === '') throw new CredentialError('clientKeyFile', 'names an empty file')
  const blocks = certificates.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g)
  if (blocks === null) throw refuse('holds no certificate in PEM')
  const [key] = privateKeyBlocks(keys)
  const pem = key?.export({ type: 'pkcs8', format: 'pem' }).toString() ?? ''
  const shown = { cert: blocks.join('\n'), key: pem }
  let fits: boolean
  try {
    fits = key !== undefined && new X509Certificate(shown.cert).checkPrivateKey(key)
    if (fits) createSecureContext(shown)
  } catch {
    throw refuse('holds a certificate that cannot be used')
  }
  if (!fits) throw refuse('holds a certificate of another key than clientKeyFile (OIDC_CLIENT_KEY_FILE)')
  return shown
}
