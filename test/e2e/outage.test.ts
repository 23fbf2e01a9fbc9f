import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startKeycloak, type Keycloak } from '../../keycloak/lib/server.mjs'
import { nextFreePort } from '../../keycloak/lib/ports.mjs'
import { Jar } from '../support/browser-jar.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { startRealApp } from '../support/real-app.js'
import { tokenOf } from '../support/real-keycloak.js'
import type { TestApp } from '../support/test-app.js'
import { until } from '../support/until.js'

jest.setTimeout(240_000)

/** A server of this test's own, which it stops and starts again; what it knows is kept. */
describe('Keycloak stopped and started while people use the app', () => {
  let home: string
  let port: number
  let managementPort: number
  let keycloak: Keycloak | undefined
  let app: TestApp

  const start = async (): Promise<void> => {
    keycloak = await startKeycloak({ port, managementPort, home, log: () => undefined, say: () => undefined })
  }
  const stop = async (): Promise<void> => {
    await keycloak?.stop()
    keycloak = undefined
  }

  beforeAll(async () => {
    home = mkdtempSync(path.join(tmpdir(), 'latchkey-outage-'))
    port = await nextFreePort(18_080)
    managementPort = await nextFreePort(19_000)
    app = await startRealApp({ issuer: `http://localhost:${port}/realms/latchkey`, upstreamTimeout: 5 })
  })
  afterAll(async () => {
    await app.stop()
    await stop()
    rmSync(home, { recursive: true, force: true })
  })

  test('C003-10 P-1 P-2 RE-01 LO-02: away, there, away, there again', async () => {
    // Away from the start.
    const { access_token: foreignToken } = await tokenOf('alice')
    const refused = await app.navigate('/login')
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toMatch(/^\d+$/)
    expect((await app.bearer(foreignToken)).status).toBe(503)
    expect((await app.send('/healthz')).status).toBe(200)
    expect(await app.send('/readyz')).toMatchObject({ status: 503, body: 'provider: down\nstore: ok\n' })
    expect((await app.navigate('/')).status).toBe(200)

    // There.
    await start()
    const back = Date.now()
    await until(async () => ((await app.navigate('/login')).status === 302 ? true : undefined), 5000)
    expect(Date.now() - back).toBeLessThan(5000)
    const jar = new Jar()
    await app.callback(await new KeycloakVisitor().signIn(await app.beginLogin(jar), 'alice'), jar)
    const other = new Jar()
    await app.callback(await new KeycloakVisitor().signIn(await app.beginLogin(other), 'bob'), other)
    const { access_token: token } = await tokenOf(
      'alice',
      'latchkey-public',
      {},
      `http://localhost:${port}/realms/latchkey`,
    )
    expect((await app.bearer(token)).status).toBe(200)

    // Away again: who is signed in stays so, known keys go on deciding, and signing out still ends the session here.
    await stop()
    expect(await app.whoami(jar)).toMatchObject({ username: 'alice' })
    expect((await app.navigate('/hello', jar)).status).toBe(200)
    expect((await app.bearer(token)).status).toBe(200)
    const signedOut = await app.signOut(other)
    expect(signedOut.status).toBe(200)
    expect(signedOut.body).toContain('Keycloak could not be told')
    expect(await app.whoami(other)).toBeUndefined()

    // There again.
    await start()
    expect(await app.whoami(jar)).toMatchObject({ username: 'alice' })
    const third = new Jar()
    await app.callback(await new KeycloakVisitor().signIn(await app.beginLogin(third), 'carol'), third)
    expect(await app.whoami(third)).toMatchObject({ username: 'carol' })
    expect(await app.send('/readyz')).toMatchObject({ status: 200 })
  })
})
