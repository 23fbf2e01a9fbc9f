import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Jar } from '../support/browser-jar.js'
import { OTHER_APP, TestRealm, type RealmFile } from '../support/keycloak-admin.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { ManyProcesses, untilTime } from '../support/many-processes.js'
import { startRealApp } from '../support/real-app.js'
import { RedisServer } from '../support/redis-server.js'
import type { ServerProcess } from '../support/server-process.js'
import { startTokenApp } from '../support/token-app.js'
import { until } from '../support/until.js'

jest.setTimeout(60_000)

/** Seconds; the tokens are due at half of it. */
const LIFE = 8
/** Milliseconds; what an operator may count on. */
const ONE_SECOND = 1000

let redis: RedisServer

beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())

/** Two processes over one Redis. Keycloak tells the second of sign-outs, people use the first. */
class Setting {
  readonly realm: TestRealm
  readonly servers: ManyProcesses
  /** Where people are. */
  readonly here: ServerProcess
  /** Where Keycloak tells of sign-outs. */
  readonly told: ServerProcess
  #count = 0

  private constructor(realm: TestRealm, servers: ManyProcesses) {
    this.realm = realm
    this.servers = servers
    ;[this.here, this.told] = servers.all as [ServerProcess, ServerProcess]
  }

  static async start(name: string, change: (realm: RealmFile) => void = () => undefined): Promise<Setting> {
    const realm = await TestRealm.create(name, {
      settings: { ACCESS_TOKEN_LIFESPAN: String(LIFE) },
      change,
    })
    const servers = await ManyProcesses.start({ issuer: realm.issuer, redisUrl: redis.url, each: [{}, {}] })
    const setting = new Setting(realm, servers)
    await realm.tellSignOutsTo(`http://127.0.0.1:${setting.told.port}`)
    return setting
  }

  async stop(): Promise<void> {
    await this.servers.stop()
    await this.realm.remove()
  }

  /** A person of their own for a test, signed in. */
  async newPerson(): Promise<SignedIn> {
    const person = `person-${++this.#count}`
    const id = await this.realm.addPerson(person)
    return { id, person, ...(await this.signIn(person)) }
  }

  async signIn(person: string, visitor = new KeycloakVisitor()): Promise<Omit<SignedIn, 'id' | 'person'>> {
    const jar = new Jar()
    const answer = await this.servers.signIn(this.here, jar, { person, visitor })
    expect(answer.status).toBe(303)
    return { jar, visitor, obtainedAt: Date.now() }
  }

  async status(jar: Jar, server = this.here): Promise<number> {
    return (await this.servers.ask(server, '/api/whoami', jar.copy())).status
  }

  /** Lets `end` end a session at Keycloak, which tells us: milliseconds from our answer until the other process refuses. */
  async timeUntilRefused(jar: Jar, end: () => Promise<unknown>): Promise<number> {
    const before = this.servers.logged('backchannel_logout').length
    let refusedAt: number | undefined
    const using = until(async () => {
      if ((await this.status(jar)) !== 401) return undefined
      refusedAt = Date.now()
      return true
    }, 3000)
    await end()
    await using
    const told = this.servers.logged('backchannel_logout')[before]
    if (told === undefined || refusedAt === undefined) throw new Error('Keycloak told nothing')
    expect(this.servers.logged('session_ended')).toEqual([])
    return refusedAt - Date.parse(String(told['time']))
  }

  /** Keycloak tells nobody: the next refresh does. */
  async expectFoundAtRefresh({ id, jar, obtainedAt }: SignedIn, reason = 'refresh_refused'): Promise<void> {
    const told = this.servers.logged('backchannel_logout').length
    await untilTime(obtainedAt + LIFE * 500)
    const answers = await Promise.all(
      this.servers.all.flatMap((server) => [
        this.servers.ask(server, '/api/whoami', jar.copy()),
        this.servers.navigate(server, '/account?tab=1', jar.copy()),
      ]),
    )
    const refused = [401, undefined]
    const toLogin = [302, '/login?return_to=%2Faccount%3Ftab%3D1']
    expect(answers.map(({ status, location }) => [status, location])).toEqual([
      refused,
      toLogin,
      refused,
      toLogin,
    ])
    const lines = this.servers.logged('session_ended').filter(({ sub }) => sub === id)
    expect(lines.map((line) => line['reason'])).toEqual([expect.stringContaining(reason)])
    expect(this.servers.logged('backchannel_logout').length).toBe(told)
    expect((await this.realm.refreshesOf(id)).granted).toBe(0)
  }
}

interface SignedIn {
  readonly id: string
  readonly person: string
  readonly jar: Jar
  readonly visitor: KeycloakVisitor
  readonly obtainedAt: number
}

describe('a session that Keycloak tells of', () => {
  let at: Setting
  let other: SignedIn

  beforeAll(async () => {
    at = await Setting.start('ended-told')
  })
  afterAll(() => at.stop())
  beforeEach(async () => {
    other = await at.newPerson()
  })

  test('P-10 BL-01 SE-11 an administrator signs a person out: refused by the other process within one second', async () => {
    const { id, jar } = await at.newPerson()
    const took = await at.timeUntilRefused(jar, () =>
      at.realm.admin(`/users/${id}/logout`, { method: 'POST' }),
    )
    expect(took).toBeLessThan(ONE_SECOND)
    expect(await at.status(jar, at.told)).toBe(401)
    expect(await at.status(other.jar)).toBe(200)
  })

  test('P-10 BL-01 an administrator ends one of two sessions of a person: the other lives', async () => {
    const { id, person, jar } = await at.newPerson()
    const [session] = await at.realm.sessionsOf(id)
    const second = await at.signIn(person)
    const took = await at.timeUntilRefused(jar, () =>
      at.realm.admin(`/sessions/${session?.id ?? ''}`, { method: 'DELETE' }),
    )
    expect(took).toBeLessThan(ONE_SECOND)
    expect(await at.status(second.jar)).toBe(200)
    expect(await at.status(second.jar, at.told)).toBe(200)
  })

  test('P-10 the person signs out in another application of the realm: signed out here, too', async () => {
    const { jar, person, visitor } = await at.newPerson()
    const app = await startRealApp({
      issuer: at.realm.issuer,
      clientId: OTHER_APP,
      clientSecret: `${OTHER_APP}-secret`,
    })
    try {
      const there = new Jar()
      await app.callback(await visitor.signIn(await app.beginLogin(there), person), there)
      expect(await app.whoami(there)).toMatchObject({ username: person })
      const took = await at.timeUntilRefused(jar, () => app.signOut(there))
      expect(took).toBeLessThan(ONE_SECOND)
      expect(await at.status(other.jar)).toBe(200)
    } finally {
      await app.stop()
    }
  })
})

describe('a session of whose end Keycloak tells nobody', () => {
  let at: Setting

  beforeAll(async () => {
    at = await Setting.start('ended-untold')
  })
  afterAll(() => at.stop())

  test('RF-02 a person who is disabled is out at the next refresh, and in again when enabled', async () => {
    const gone = await at.newPerson()
    const other = await at.newPerson()
    await at.realm.admin(`/users/${gone.id}`, { method: 'PUT', body: { enabled: false } })
    await at.expectFoundAtRefresh(gone)
    expect(await at.status(other.jar)).toBe(200)
    await at.realm.admin(`/users/${gone.id}`, { method: 'PUT', body: { enabled: true } })
    expect(await at.status((await at.signIn(gone.person)).jar)).toBe(200)
  })

  test('RF-02 a person who is deleted is out at the next refresh', async () => {
    const gone = await at.newPerson()
    const other = await at.newPerson()
    await at.realm.admin(`/users/${gone.id}`, { method: 'DELETE' })
    await at.expectFoundAtRefresh(gone)
    expect(await at.status(other.jar)).toBe(200)
  })

  test('RF-02 a refresh token that was revoked: out at the next refresh', async () => {
    const gone = await at.newPerson()
    const { issuer } = at.realm
    const app = await startTokenApp({ issuer, publicUrl: at.servers.publicUrl, redisUrl: redis.url })
    const { refreshToken = '' } = await app.tokensOf(gone.jar)
    await app.close()
    const response = await fetch(`${issuer}/protocol/openid-connect/revoke`, {
      method: 'POST',
      body: new URLSearchParams({
        token: refreshToken,
        client_id: 'latchkey-web',
        client_secret: 'latchkey-web-secret',
      }),
    })
    expect([response.status, await response.text()]).toEqual([200, ''])
    await at.expectFoundAtRefresh(gone)
  })

  test('RF-02 the realm signs everybody out: all of them are out at the next refresh, and can sign in again', async () => {
    const gone = [await at.newPerson(), await at.newPerson()]
    await at.realm.admin('/logout-all', { method: 'POST' })
    for (const person of gone) await at.expectFoundAtRefresh(person)
    const [{ person } = { person: '' }] = gone
    expect(await at.status((await at.signIn(person)).jar)).toBe(200)
  })

  test('RF-02 the realm takes no token from before now (not-before): out at the next refresh', async () => {
    const gone = await at.newPerson()
    await untilTime(gone.obtainedAt + 1000)
    await at.realm.admin('', { method: 'PUT', body: { notBefore: Math.floor(Date.now() / 1000) } })
    await at.expectFoundAtRefresh(gone)
    await at.realm.admin('', { method: 'PUT', body: { notBefore: 0 } })
  })
})

describe('a realm that limits the sessions of a person', () => {
  /** Adds Keycloak's limit to the password's level. */
  const limit =
    (behavior: string) =>
    (realm: RealmFile): void => {
      const flows = realm['authenticationFlows'] as { alias: string; authenticationExecutions: object[] }[]
      flows
        .find(({ alias }) => alias === 'latchkey level 1')
        ?.authenticationExecutions.push({
          authenticator: 'user-session-limits',
          authenticatorFlow: false,
          requirement: 'REQUIRED',
          priority: 30,
          userSetupAllowed: false,
          authenticatorConfig: 'limits',
        })
      const config = { userRealmLimit: '1', userClientLimit: '0', behavior }
      ;(realm['authenticatorConfig'] as object[]).push({ alias: 'limits', config })
    }

  test('P-10 the oldest session makes room: ended here within a second, the new one lives', async () => {
    const at = await Setting.start('ended-limit', limit('Terminate oldest session'))
    try {
      const { jar, person } = await at.newPerson()
      let second = new Jar()
      const took = await at.timeUntilRefused(jar, async () => {
        second = (await at.signIn(person)).jar
      })
      expect(took).toBeLessThan(ONE_SECOND)
      expect(await at.status(second)).toBe(200)
    } finally {
      await at.stop()
    }
  })

  test('P-10 there is no room: the new login is refused, the old session lives on and is renewed', async () => {
    const at = await Setting.start('ended-deny', limit('Deny new session'))
    try {
      const { id, jar, person, obtainedAt } = await at.newPerson()
      await expect(at.signIn(person)).rejects.toThrow('Keycloak shows a page')
      await untilTime(obtainedAt + LIFE * 500)
      expect(await at.status(jar)).toBe(200)
      expect(await at.realm.refreshesOf(id)).toEqual({ granted: 1, refused: 0 })
    } finally {
      await at.stop()
    }
  })
})
