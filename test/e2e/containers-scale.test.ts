import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config.js'
import { Jar } from '../support/browser-jar.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { root } from '../support/packed-package.js'
import { issuerOf, realKeycloak } from '../support/real-keycloak.js'
import { RedisServer } from '../support/redis-server.js'
import { RoundRobin } from '../support/round-robin.js'
import { send, type Answer, type Send } from '../support/send.js'
import { BUILD_TIMEOUT, buildServer, freePort, ServerProcess } from '../support/server-process.js'
import { until } from '../support/until.js'

jest.setTimeout(60_000)

interface Service {
  readonly image?: string
  readonly command?: unknown
  readonly environment: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly configs?: readonly { readonly source: string; readonly target: string }[]
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly configs: Readonly<Record<string, { readonly content: string }>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

const read = (file: string): Compose => parse(readFileSync(path.join(root, file), 'utf8')) as Compose
const one = read('docker-compose.yml')
const scale = read('docker-compose.scale.yml')
const REPLICAS = ['app-1', 'app-2']

function serviceOf(name: string, { services }: Compose = scale): Service {
  const service = services[name]
  if (service === undefined) throw new Error(`there is no service ${name}`)
  return service
}

const SECRET = 'a-secret-made-for-this-test-and-no-other'
const secretFile = path.join(root, scale.secrets['web_client']?.file ?? '')
/** As compose makes it for a container, with the secret that the operator gives. */
const environmentOf = (name: string): Readonly<Record<string, string>> => ({
  ...serviceOf(name).environment,
  SESSION_SECRETS: SECRET,
  OIDC_CLIENT_SECRET_FILE: secretFile,
})

describe('docker-compose.scale.yml', () => {
  test.each(REPLICAS)('the environment of %s is one that the app takes', (name) => {
    const { environment } = serviceOf(name)
    expect(environment['SESSION_SECRETS']).toMatch(/^\$\{SESSION_SECRETS:\?/)
    expect(environment['OIDC_CLIENT_SECRET_FILE']).toBe('/run/secrets/web_client')
    expect(loadConfig(environmentOf(name))).toMatchObject({
      issuer: 'http://localhost:8080/realms/latchkey',
      internalUrl: 'http://keycloak:8080',
      publicUrl: 'http://localhost:3000',
      redisUrl: 'redis://redis:6379',
      clientSecretFile: secretFile,
    })
  })

  test('both have the settings of the one app, and Redis', () => {
    const { SESSION_SECRETS: secret, REDIS_URL: url, ...rest } = serviceOf('app-1').environment
    expect([secret, url]).not.toContain(undefined)
    expect(rest).toEqual(serviceOf('app', one).environment)
    expect(serviceOf('app-2')).toEqual(serviceOf('app-1'))
  })

  test('Keycloak is that of the one app, and reports sign-outs to the proxy', () => {
    const { environment, ...keycloak } = serviceOf('keycloak')
    const { environment: known, ...rest } = serviceOf('keycloak', one)
    expect(keycloak).toEqual(rest)
    expect(environment).toEqual({ ...known, LATCHKEY_BACKCHANNEL_URL: 'http://proxy:3000' })
  })

  test('Redis drops nothing to make room, and is not published; the proxy is, on this machine', () => {
    expect(String(serviceOf('redis').command)).toContain('--maxmemory-policy noeviction')
    const published = Object.entries(scale.services).filter(([, { ports }]) => ports !== undefined)
    expect(published.map(([name]) => name)).toEqual(['keycloak', 'proxy'])
    for (const [, { ports = [] }] of published)
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  test('the proxy has the configuration from this file, and spreads over both', () => {
    const [config] = serviceOf('proxy').configs ?? []
    expect(config?.target).toBe('/usr/local/etc/haproxy/haproxy.cfg')
    const content = scale.configs[config?.source ?? '']?.content ?? ''
    for (const name of REPLICAS) expect(content).toContain(`server ${name} ${name}:3000\n`)
    expect(content).toContain('balance roundrobin\n')
    expect(content).not.toMatch(/^\s*(?:cookie|stick)\b/m)
  })
})

describe('two processes with its environment, behind a proxy without stickiness', () => {
  let redis: RedisServer
  let proxy: RoundRobin
  let servers: ServerProcess[] = []

  beforeAll(async () => {
    await buildServer()
    redis = await RedisServer.start()
    const ports = [await freePort(), await freePort()]
    proxy = await RoundRobin.start(ports)
    // Addresses are those of this machine; all else is as in the file.
    const addresses = (port: number): Record<string, string> => ({
      HOST: '127.0.0.1',
      PORT: String(port),
      PUBLIC_URL: proxy.url,
      OIDC_ISSUER: issuerOf(),
      OIDC_INTERNAL_URL: realKeycloak().url,
      REDIS_URL: redis.url,
    })
    servers = REPLICAS.map((name, i) =>
      ServerProcess.run({ ...environmentOf(name), ...addresses(ports[i] ?? 0) }),
    )
    await until(() => servers.every(({ stdout }) => stdout.includes('"code":"listening"')) || undefined)
  }, BUILD_TIMEOUT)
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await proxy.close()
    await redis.stop()
  })

  function visit(address: string, jar: Jar, more: Send = {}): Promise<Answer> {
    const { pathname, search } = new URL(address, proxy.url)
    const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', ...more.headers }
    return send(new URL(proxy.url), pathname + search, { ...more, jar, headers })
  }
  const backendOf = ({ headers }: Answer): unknown => headers['x-backend']

  async function signIn(jar: Jar): Promise<readonly Answer[]> {
    const begun = await visit('/login', jar)
    const back = await new KeycloakVisitor().signIn(new URL(begun.location ?? ''), 'alice')
    return [begun, await visit(back.href, jar)]
  }

  test('P-16 a sign-in begins at one and ends at the other, its page comes from both, and it is over for both', async () => {
    const jar = new Jar()
    expect((await visit('/hello', jar)).location).toMatch(/^\/login/)
    const [begun, done] = await signIn(jar)
    expect(done).toMatchObject({ status: 303, location: '/hello' })
    expect(done && backendOf(done)).not.toBe(begun && backendOf(begun))
    const pages = [await visit('/hello', jar), await visit('/hello', jar)]
    for (const page of pages)
      expect(page).toMatchObject({ status: 200, body: expect.stringContaining('Alice') })
    expect(pages.map(backendOf).sort()).toEqual(['0', '1'])

    const copy = jar.copy()
    const signedOut = await visit('/logout', jar, { method: 'POST', headers: { origin: proxy.url } })
    expect(signedOut.status).toBe(303)
    expect(signedOut.location).toContain(realKeycloak().url)
    for (let i = 0; i < 2; i++) expect((await visit('/hello', copy)).location).toMatch(/^\/login/)
  })

  test('P-16 when one is killed, the other goes on with its sessions', async () => {
    const jar = new Jar()
    await signIn(jar)
    await servers[0]?.stop()
    for (let i = 0; i < 2; i++) {
      const page = await visit('/hello', jar)
      expect(page.status).toBe(200)
      expect(backendOf(page)).toBe('1')
    }
  })
})
