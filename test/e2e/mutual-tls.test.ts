import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startKeycloak } from '../../keycloak/lib/server.mjs'
import { Jar } from '../support/browser-jar.js'
import { createCertificate } from '../support/certificate.js'
import { ClientFiles } from '../support/client-files.js'
import { readRealmFile } from '../support/keycloak-admin.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { root } from '../support/packed-package.js'
import { send, type Answer } from '../support/send.js'
import { BUILD_TIMEOUT, buildServer, freePort, ServerProcess } from '../support/server-process.js'
import { NAVIGATION } from '../support/test-app.js'
import { until } from '../support/until.js'

jest.setTimeout(120_000)

const REALM = 'mutual-tls'
const SERVICE = `
import { createClientCredentialsProvider } from 'latchkey/tokens'
const { ISSUER: issuer, INTERNAL: internalUrl, CERT: clientCertFile, KEY: clientKeyFile } = process.env
const provider = createClientCredentialsProvider({
  issuer, internalUrl, clientId: 'latchkey-service', clientAuthentication: 'tls_client_auth', clientCertFile, clientKeyFile,
})
const said = await provider().then((token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).azp, ({ code, error }) => [code, error])
console.log(JSON.stringify(said))
`

/** A client's own files. */
interface Shown {
  readonly cert: string
  readonly key: string
}

let files: ClientFiles
let keycloak: Awaited<ReturnType<typeof startKeycloak>> | undefined
/** Where the server asks for a certificate. */
let secure: string
let known: Shown
let stranger: Shown
let port: number
let app: ServerProcess | undefined
/** What the server has recorded. */
const events: string[] = []

beforeAll(async () => {
  await buildServer()
  files = new ClientFiles()
  const own = createCertificate('keycloak')
  const put = (name: string, { cert, key }: Shown): Shown => ({
    cert: files.put(`${name}.pem`, cert),
    key: files.put(`${name}.key`, key),
  })
  const server = put('keycloak', own)
  known = put('known', createCertificate('known'))
  // The server trusts its issuer as well; it is just not the client's.
  stranger = put('stranger', createCertificate('stranger'))
  port = await freePort()
  const realm = readRealmFile(REALM, { WEB_URL: `http://localhost:${port}` })
  realm['accessTokenLifespan'] = 2
  for (const client of realm.clients.filter(({ clientId }) => /^latchkey-(web|service)$/.test(clientId))) {
    const attributes = {
      ...client.attributes,
      'x509.subjectdn': 'CN=known',
      'x509.casubjectdn': 'CN=known',
      'x509.allow.regex.pattern.comparison': 'false',
    }
    Object.assign(client, { clientAuthenticatorType: 'client-x509', attributes })
  }
  const httpsPort = await freePort()
  secure = `https://127.0.0.1:${httpsPort}`
  keycloak = await startKeycloak({
    realmFiles: [files.put('realm.json', JSON.stringify(realm))],
    env: {
      KC_HTTPS_PORT: String(httpsPort),
      KC_HTTPS_CERTIFICATE_FILE: server.cert,
      KC_HTTPS_CERTIFICATE_KEY_FILE: server.key,
      KC_HTTP_MANAGEMENT_SCHEME: 'http',
      KC_TRUSTSTORE_PATHS: `${known.cert},${stranger.cert}`,
      KC_LOG_LEVEL: 'info,org.keycloak.events:debug',
    },
    log(line) {
      if (line.includes('org.keycloak.events')) events.push(line)
    },
  })
}, BUILD_TIMEOUT)
afterEach(async () => {
  await app?.stop()
  app = undefined
})
afterAll(async () => {
  await keycloak?.stop()
  files.remove()
})

const issuer = (): string => keycloak?.issuer ?? ''
const trust = (): Record<string, string> => ({ NODE_EXTRA_CA_CERTS: `${files.folder}/keycloak.pem` })
const ask = (path: string, jar: Jar, { method = 'GET' } = {}): Promise<Answer> =>
  send({ hostname: 'localhost', port }, path, {
    jar,
    method,
    headers: { ...NAVIGATION, host: `localhost:${port}` },
  })
/** Whether the server did that for a client that had shown its certificate. */
const recorded = (type: string): boolean =>
  events.some((line) => line.includes(`type="${type}"`) && line.includes('client-x509'))

async function start({ cert, key }: Shown): Promise<ServerProcess> {
  const env = {
    ...trust(),
    PORT: String(port),
    OIDC_INTERNAL_URL: secure,
    OIDC_CLIENT_ID: 'latchkey-web',
    OIDC_CLIENT_SECRET: '',
    OIDC_CLIENT_AUTH: 'tls_client_auth',
    OIDC_CLIENT_CERT_FILE: cert,
    OIDC_CLIENT_KEY_FILE: key,
    UPSTREAM_TIMEOUT: '10',
  }
  app = await ServerProcess.start({ issuer: issuer() }, { env })
  return app
}

async function signIn(): Promise<{ readonly status: number; readonly jar: Jar }> {
  const jar = new Jar()
  const { location = '' } = await ask('/login', jar)
  const { pathname, search } = await new KeycloakVisitor().signIn(new URL(location), 'alice')
  return { status: (await ask(pathname + search, jar)).status, jar }
}

/** What a program with `latchkey/tokens` is told. */
async function service({ cert, key }: Shown): Promise<unknown> {
  const env = { ...trust(), ISSUER: issuer(), INTERNAL: secure, CERT: cert, KEY: key }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', SERVICE], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  return JSON.parse(stdout)
}

test('tls_client_auth with somebody else’s certificate: a real Keycloak refuses it, and the log says what to click', async () => {
  const { stdout } = await start(stranger)
  expect((await signIn()).status).toBe(502)
  expect(app?.stdout.slice(stdout.length)).toMatch(/"code":"client_refused".*X509 Certificate/)
  expect(await service(stranger)).toEqual(['client_refused', expect.stringMatching(/_client$/)])
})

test('tls_client_auth signs in, refreshes and signs out at a real Keycloak, and gets a program its tokens', async () => {
  const { stdout } = await start(known)
  const { status, jar } = await signIn()
  expect(status).toBe(303)
  await until(async () => {
    expect((await ask('/hello', jar)).status).toBe(200)
    return recorded('REFRESH_TOKEN') || undefined
  })
  expect((await ask('/logout', jar, { method: 'POST' })).status).toBe(303)
  await until(() => recorded('LOGOUT') || undefined)
  expect((await ask('/hello', jar)).status).toBe(302)
  expect(app?.stdout.slice(stdout.length)).not.toMatch(/"level":"(warn|error)"/)
  expect(await service(known)).toBe('latchkey-service')
  expect(recorded('CLIENT_LOGIN')).toBe(true)
})
