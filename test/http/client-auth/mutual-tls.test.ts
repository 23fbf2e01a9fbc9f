import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { CertificateEndpoint, fingerprintOf } from '../../support/certificate-endpoint.js'
import { createCertificate } from '../../support/certificate.js'
import { ClientFiles } from '../../support/client-files.js'
import { ConnectProxy } from '../../support/connect-proxy.js'
import { CLIENT_ID, ScriptedProvider } from '../../support/scripted-provider.js'
import { send, type Answer } from '../../support/send.js'
import { BUILD_TIMEOUT, buildServer, ServerProcess } from '../../support/server-process.js'
import { NAVIGATION, newPerson } from '../../support/test-app.js'

let provider: ScriptedProvider
/** Where browsers and discovery go: it asks for no certificate that it would need. */
let front: CertificateEndpoint
/** Where clients prove themselves. */
let demanding: CertificateEndpoint
let proxy: ConnectProxy
let files: ClientFiles
let server: ServerProcess | undefined

beforeAll(async () => {
  await buildServer()
  provider = await ScriptedProvider.start()
  const plain = provider.origin
  const pair = createCertificate()
  front = await CertificateEndpoint.start(plain, { pair })
  demanding = await CertificateEndpoint.start(plain, { pair, demands: true })
  Object.defineProperty(provider, 'origin', { value: front.origin })
  proxy = await ConnectProxy.start()
}, BUILD_TIMEOUT)
afterAll(async () => {
  await proxy.stop()
  await front.stop()
  await demanding.stop()
  await provider.close()
})
beforeEach(() => {
  provider.reset()
  front.shown.length = demanding.shown.length = proxy.tunnels.length = 0
  files = new ClientFiles()
})
afterEach(async () => {
  await server?.stop()
  server = undefined
  files.remove()
})

/** The server as an operator starts it who has an authority of his own. */
async function start(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const trusted = { NODE_EXTRA_CA_CERTS: files.put('ca.pem', front.cert) }
  server = await ServerProcess.start(provider, { env: { ...trusted, ...env } })
  return server
}
const ask = (app: ServerProcess, path: string, jar: Jar): Promise<Answer> =>
  send({ hostname: 'localhost', port: app.port }, path, {
    jar,
    headers: { ...NAVIGATION, host: `localhost:${app.port}` },
  })
async function signIn(app: ServerProcess): Promise<number> {
  const jar = new Jar()
  const { location = '' } = await ask(app, '/login', jar)
  const { pathname, search } = provider.approve(location, newPerson())
  return (await ask(app, pathname + search, jar)).status
}

describe('TLS to the authorization server', () => {
  test('an authority of one’s own is not trusted by itself, and is by NODE_EXTRA_CA_CERTS', async () => {
    const app = await start({ NODE_EXTRA_CA_CERTS: '' })
    expect((await ask(app, '/login', new Jar())).status).toBe(503)
    expect(app.stdout).toContain('SELF_SIGNED')
    await app.stop()
    expect(await signIn(await start({}))).toBe(303)
  })

  test('calls go through HTTPS_PROXY, and past it to where NO_PROXY says', async () => {
    expect(await signIn(await start({ HTTPS_PROXY: proxy.url }))).toBe(303)
    expect(new Set(proxy.tunnels)).toEqual(new Set([new URL(front.origin).host]))
    await server?.stop()
    proxy.tunnels.length = 0
    expect(await signIn(await start({ HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' }))).toBe(303)
    expect(proxy.tunnels).toEqual([])
  })
})

describe('TK-07 tls_client_auth', () => {
  const isToken = ({ path }: { path: string }): boolean => path.endsWith('/token')
  let accepted: string[]
  beforeEach(() => {
    provider.metadata = {
      mtls_endpoint_aliases: {
        token_endpoint: `${demanding.origin}/realms/demo/protocol/openid-connect/token`,
      },
    }
    provider.authenticate = ({ form, headers }) => {
      const isOurs = form.get('client_id') === CLIENT_ID
      const isKnown = accepted.includes(headers['x-certificate'] as string)
      return isOurs && isKnown ? { id: CLIENT_ID, isPublic: false } : undefined
    }
  })

  function byCertificate({ cert, key }: { cert: string; key: string }): Record<string, string> {
    return {
      OIDC_CLIENT_AUTH: 'tls_client_auth',
      OIDC_CLIENT_SECRET: '',
      OIDC_CLIENT_CERT_FILE: files.put('cert.pem', cert),
      OIDC_CLIENT_KEY_FILE: files.put('key.pem', key),
    }
  }

  test.each([['directly'], ['through a proxy']])(
    'shows the certificate at the alias of the endpoint, %s, and sends the client id alone',
    async (way) => {
      const pair = createCertificate()
      accepted = []
      const app = await start({
        ...byCertificate(pair),
        ...(way === 'directly' ? {} : { HTTPS_PROXY: proxy.url }),
      })
      expect(await signIn(app)).toBe(502)
      accepted = [fingerprintOf(pair.cert)]
      expect(await signIn(app)).toBe(303)
      expect(demanding.shown.filter(isToken).map(({ fingerprint }) => fingerprint)).toEqual([
        accepted[0],
        accepted[0],
      ])
      expect(front.shown.filter(isToken)).toEqual([])
      expect(proxy.tunnels.length > 0).toBe(way !== 'directly')
      const { form, headers } = provider.calls.filter(({ endpoint }) => endpoint === 'token').at(-1) ?? {}
      expect(headers?.authorization).toBeUndefined()
      expect([...(form?.keys() ?? [])]).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/secret|assertion/)]),
      )
    },
  )

  test('a renewed certificate is shown without a restart; half of a renewal leaves the old one', async () => {
    const [old, fresh] = [createCertificate(), createCertificate()]
    accepted = [fingerprintOf(old.cert)]
    const app = await start(byCertificate(old))
    expect(await signIn(app)).toBe(303)
    files.put('cert.pem', fresh.cert)
    expect(await signIn(app)).toBe(303)
    expect(app.log.filter(({ code }) => code === 'client_cert_file_unusable')).toHaveLength(1)
    files.put('key.pem', fresh.key)
    accepted = [fingerprintOf(fresh.cert)]
    expect(await signIn(app)).toBe(303)
    expect(app.stdout).not.toContain('PRIVATE KEY')
  })

  test('SE-07 a certificate of another key is refused at the start, by name', async () => {
    const [one, other] = [createCertificate(), createCertificate()]
    const files = byCertificate({ cert: one.cert, key: other.key })
    const app = ServerProcess.run({
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: CLIENT_ID,
      API_AUDIENCE: 'x',
      ...files,
    })
    expect(await app.exit).toMatchObject({ code: 1 })
    expect(app.stdout + app.stderr).toMatch(/OIDC_CLIENT_CERT_FILE holds a certificate of another key/)
  })
})
