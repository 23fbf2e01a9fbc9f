import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import { silentLog } from '../../../src/log.js'
import {
  createClientAuthenticator,
  type ClientAuthenticator,
  type ClientCredentials,
} from '../../../src/provider/client-authentication.js'
import { createCertificate } from '../../support/certificate.js'
import { ClientFiles, jwk, pem, rsaKey } from '../../support/client-files.js'
import { keptLog } from '../../support/log-lines.js'

const ISSUER = 'https://id.example/realms/demo'
const SERVER = { issuer: ISSUER, token_endpoint: 'https://id.example/token' }

let files: ClientFiles
beforeEach(() => {
  files = new ClientFiles()
})
afterEach(() => files.remove())

const create = (credentials: ClientCredentials): ClientAuthenticator =>
  createClientAuthenticator({ ...credentials, log: silentLog })

/** What a request to the token endpoint carries. */
async function proofOf(authenticator: ClientAuthenticator) {
  const [form, headers] = [new URLSearchParams(), new Headers()]
  // eslint-disable-next-line @typescript-eslint/await-thenable, @typescript-eslint/no-confusing-void-expression -- as the client waits for it
  await authenticator.authenticate(SERVER, { client_id: 'web:app' }, form, headers)
  return { form: Object.fromEntries(form), authorization: headers.get('authorization') }
}

describe('createClientAuthenticator', () => {
  test('TK-07 refuses what it could never prove anything by, by name', () => {
    const none = `${files.folder}/none`
    for (const [credentials, problem] of [
      [{ clientAuthentication: 'client_secret_post' }, 'clientSecret (or clientSecretFile) is required'],
      [
        { clientAuthentication: 'client_secret_post', clientSecretFile: none },
        'clientSecretFile names a file that cannot be read',
      ],
      [
        { clientAuthentication: 'private_key_jwt', clientKeyFile: files.put('empty', '') },
        'clientKeyFile names an empty file',
      ],
    ] as const)
      expect(() => create(credentials)).toThrow(new TypeError(problem))
  })

  test('a secret goes as Basic, escaped, or in the form', async () => {
    const clientSecret = 'a secret: 100%'
    const basic = create({ clientAuthentication: 'client_secret_basic', clientSecret })
    const { form, authorization } = await proofOf(basic)
    expect(form).toEqual({})
    expect(Buffer.from(authorization?.slice(6) ?? '', 'base64').toString()).toBe(
      'web%3Aapp:a+secret%3A+100%25',
    )
    const post = create({ clientAuthentication: 'client_secret_post', clientSecret })
    expect(await proofOf(post)).toEqual({
      form: { client_id: 'web:app', client_secret: clientSecret },
      authorization: null,
    })
  })

  test('a secret beyond ASCII goes in UTF-8, in the form that it was given in', async () => {
    for (const clientSecret of ['geheimnis-ä-é-日本-🔑', 'geheimnis-ä-é'.normalize('NFD')]) {
      const { authorization } = await proofOf(
        create({ clientAuthentication: 'client_secret_basic', clientSecret }),
      )
      const [, sent = ''] = Buffer.from(authorization?.slice(6) ?? '', 'base64')
        .toString()
        .split(':')
      expect(decodeURIComponent(sent)).toBe(clientSecret)
      expect(sent).toMatch(/^[\w%.~-]+$/)
      const file = files.put('secret', `${clientSecret}\n`)
      const post = create({ clientAuthentication: 'client_secret_post', clientSecretFile: file })
      expect((await proofOf(post)).form['client_secret']).toBe(clientSecret)
    }
  })

  test('a client without proof, and one with a certificate, say who they are and no more', async () => {
    const { cert, key } = createCertificate()
    const tls = create({
      clientAuthentication: 'tls_client_auth',
      clientKeyFile: files.put('key', key),
      clientCertFile: files.put('cert', cert),
    })
    for (const authenticator of [create({ clientAuthentication: 'none' }), tls])
      expect(await proofOf(authenticator)).toEqual({ form: { client_id: 'web:app' }, authorization: null })
    expect(tls.certificate?.()).toEqual({ cert: cert.trim(), key })
  })

  test('client_secret_jwt signs with the secret and does not send it', async () => {
    const clientSecret = 'a-secret-that-only-signs-0123456'
    const { form } = await proofOf(create({ clientAuthentication: 'client_secret_jwt', clientSecret }))
    expect(JSON.stringify(form)).not.toContain(clientSecret)
    const key = new TextEncoder().encode(clientSecret)
    const { payload } = await jwtVerify(form['client_assertion'] ?? '', key, { audience: ISSUER })
    expect(payload).toMatchObject({ iss: 'web:app', sub: 'web:app', aud: ISSUER })
  })

  test.each(['client_secret_basic', 'client_secret_post', 'client_secret_jwt'] as const)(
    'TK-07 %s takes a new secret from its file without a restart, and keeps the old one for a useless file',
    async (clientAuthentication) => {
      const first = 'the-first-secret-0123456789abcdef'
      const second = 'the-second-secret-0123456789abcdef'
      const clientSecretFile = files.put('secret', `${first}\n`)
      const byFile = create({ clientAuthentication, clientSecretFile })
      const proves = async (secret: string): Promise<void> => {
        const proof = await proofOf(byFile)
        const { client_assertion: assertion, ...form } = proof.form
        const plain = await proofOf(create({ clientAuthentication, clientSecret: secret }))
        if (assertion === undefined) expect(proof).toEqual(plain)
        else {
          expect(form['client_id']).toBe('web:app')
          await jwtVerify(assertion, new TextEncoder().encode(secret))
        }
      }
      await proves(first)
      files.put('secret', `${second}\r\n`)
      await proves(second)
      expect(byFile.secrets()).toEqual([second, first])
      files.put('secret', '')
      await proves(second)
      files.remove('secret')
      await proves(second)
    },
  )

  test.each(['RS256', 'PS256', 'RS384'])('TK-06 private_key_jwt signs by %s as its key says', async (alg) => {
    const key = rsaKey()
    const clientKeyFile = files.put('key', JSON.stringify(jwk(key, { alg, kid: 'the-key' })))
    const authenticator = create({ clientAuthentication: 'private_key_jwt', clientKeyFile })
    const { form, authorization } = await proofOf(authenticator)
    const assertion = form['client_assertion'] ?? ''
    expect([authorization, form['client_id']]).toEqual([null, 'web:app'])
    expect(form['client_assertion_type']).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    expect(decodeProtectedHeader(assertion)).toMatchObject({ alg, kid: 'the-key' })
    const [shown] = (await authenticator.publicKeys?.()) ?? []
    await jwtVerify(assertion, await importJWK(shown ?? {}, alg))
    const { iat = 0, exp = 0, ...claims } = decodeJwt(assertion)
    expect(claims).toMatchObject({ iss: 'web:app', sub: 'web:app', aud: ISSUER })
    expect(exp - iat).toBeLessThanOrEqual(300)
    expect(authenticator.secrets()).toEqual([])
  })

  test('TK-07 a certificate is renewed with its key, and one without its key is not taken', () => {
    const [old, other] = [createCertificate(), createCertificate()]
    const { log, lines } = keptLog()
    const { certificate } = createClientAuthenticator({
      clientAuthentication: 'tls_client_auth',
      clientKeyFile: files.put('key', old.key),
      clientCertFile: files.put('cert', old.cert),
      log,
    })
    const before = certificate?.()
    files.put('cert', other.cert)
    expect([certificate?.(), certificate?.()]).toEqual([before, before])
    expect(lines).toEqual([
      expect.objectContaining({
        code: 'client_cert_file_unusable',
        setting: 'OIDC_CLIENT_CERT_FILE',
        reason: expect.stringContaining('a certificate of another key') as unknown,
      }),
    ])
    files.put('key', other.key)
    expect(certificate?.()).toEqual({ cert: other.cert.trim(), key: other.key })
    expect(certificate?.()).toBe(certificate?.())
    files.put('key', pem(rsaKey()))
    expect(certificate?.().cert).toBe(other.cert.trim())
  })
})
