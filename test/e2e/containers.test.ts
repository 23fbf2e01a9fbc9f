import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { VERSION } from '../../keycloak/lib/build.mjs'
import { loadConfig } from '../../src/config.js'
import { Jar } from '../support/browser-jar.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { root } from '../support/packed-package.js'
import { startRealApp } from '../support/real-app.js'
import { issuerOf, realKeycloak } from '../support/real-keycloak.js'
import { startRecordingProxy, type RecordingProxy } from '../support/recording-proxy.js'
import type { TestApp } from '../support/test-app.js'

interface Service {
  readonly image?: string
  readonly command?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly ports: readonly string[]
  readonly secrets?: readonly string[]
}

interface Compose {
  readonly services: { readonly keycloak: Service; readonly app: Service }
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const compose = parse(read('docker-compose.yml')) as Compose

describe('docker-compose.yml', () => {
  const { keycloak, app } = compose.services
  const secretFile = path.join(root, compose.secrets['web_client']?.file ?? '')

  test('the environment of the app is one that the app takes, with the secret from a file', () => {
    const { OIDC_CLIENT_SECRET_FILE: inContainer } = app.environment
    expect(inContainer).toBe('/run/secrets/web_client')
    expect(app.secrets).toEqual(['web_client'])
    const config = loadConfig({ ...app.environment, OIDC_CLIENT_SECRET_FILE: secretFile })
    expect(config).toMatchObject({
      issuer: 'http://localhost:8080/realms/latchkey',
      internalUrl: 'http://keycloak:8080',
      publicUrl: 'http://localhost:3000',
      clientSecretFile: secretFile,
    })
    expect(readFileSync(secretFile, 'utf8').trim()).toBe('latchkey-web-secret')
    expect(Object.values(app.environment)).not.toContain('latchkey-web-secret')
  })

  test('Keycloak is the version of the launcher, with its public address and the realm', () => {
    expect(keycloak.image).toBe(`keycloak/keycloak:${VERSION}`)
    expect(keycloak.command).toContain(`--hostname=${new URL(app.environment['OIDC_ISSUER'] ?? '').origin}`)
    expect(keycloak.command).toContain('--hostname-backchannel-dynamic=true')
    expect(keycloak.volumes?.[0]).toBe(
      './keycloak/latchkey-realm.json:/opt/keycloak/data/import/latchkey-realm.json:ro',
    )
  })

  test('every placeholder that it sets is one of the realm', () => {
    const realm = read('keycloak/latchkey-realm.json')
    const set = Object.keys(keycloak.environment).filter((name) => name.startsWith('LATCHKEY_'))
    expect(set).toEqual(['LATCHKEY_WEB_URL', 'LATCHKEY_BACKCHANNEL_URL', 'LATCHKEY_MINIMUM_ACR'])
    for (const name of set) expect(realm).toContain(`\${${name}:`)
    expect(keycloak.environment['LATCHKEY_WEB_URL']).toBe(app.environment['PUBLIC_URL'])
  })

  test('nothing is published beyond this machine', () => {
    for (const port of [...keycloak.ports, ...app.ports]) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  test('the image of the app holds what the app needs, and runs as nobody in particular', () => {
    const dockerfile = read('Dockerfile')
    expect(dockerfile).toMatch(/^USER node$/m)
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    )
    const sent = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    expect(new Set(sent)).toEqual(new Set(copied))
    for (const file of copied) expect(existsSync(path.join(root, file))).toBe(true)
  })
})

describe('an app whose way to Keycloak is not the way of browsers', () => {
  let proxy: RecordingProxy
  let app: TestApp

  beforeAll(async () => {
    proxy = await startRecordingProxy(realKeycloak().url)
    app = await startRealApp({ internalUrl: proxy.origin })
  })
  afterAll(async () => {
    await app.stop()
    await proxy.close()
  })

  test('IS-07 browsers are sent to the public address, every call of ours goes to the internal one', async () => {
    const jar = new Jar()
    const request = await app.beginLogin(jar)
    expect(request.origin).toBe(realKeycloak().url)
    const visitor = new KeycloakVisitor()
    await app.callback(await visitor.signIn(request, 'alice'), jar)
    expect(await app.whoami(jar)).toMatchObject({ username: 'alice' })
    const session = await app.navigate('/account', jar)
    expect(session.body).not.toContain(proxy.origin)
    const signedOut = await app.signOut(jar)
    expect(signedOut.location).toContain(realKeycloak().url)
    const realm = new URL(issuerOf()).pathname
    expect(proxy.seen).toEqual(
      expect.arrayContaining([
        `GET ${realm}/.well-known/openid-configuration`,
        `POST ${realm}/protocol/openid-connect/token`,
        `GET ${realm}/protocol/openid-connect/certs`,
        `POST ${realm}/protocol/openid-connect/logout`,
      ]),
    )
    const again = await visitor.open(await app.beginLogin(new Jar()))
    expect(again).toMatchObject({ html: expect.stringContaining('kc-form-login') })
  })
})
