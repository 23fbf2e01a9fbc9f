import { expect } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Jar } from './browser-jar.js'
import { KeycloakVisitor } from './keycloak-visitor.js'
import { startRealApp } from './real-app.js'
import { admin, issuerOf, realKeycloak, requestToken, type TokenAnswer } from './real-keycloak.js'
import type { Answer, LogLine, TestApp, TestAppOptions } from './test-app.js'
import { until } from './until.js'

/** Of every client of these realms. */
export const SECRET = 'the-secret-of-a-client'
export const AUDIENCE = 'the-api'

const person = (username: string, more: object = {}): object => ({
  username,
  enabled: true,
  email: `${username}@example.test`,
  firstName: 'Ann',
  lastName: 'Example',
  credentials: [{ type: 'password', value: `${username}-password` }],
  ...more,
})

/** A client as it should be, but for `changes`. */
export const client = (clientId: string, changes: object = {}): object => ({
  clientId,
  publicClient: false,
  secret: SECRET,
  redirectUris: ['http://127.0.0.1/authorize'],
  attributes: { 'post.logout.redirect.uris': 'http://127.0.0.1/' },
  protocolMappers: [
    {
      name: 'audience',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-audience-mapper',
      config: { 'included.custom.audience': AUDIENCE, 'access.token.claim': 'true' },
    },
  ],
  ...changes,
})

/**
 * A realm of its own, made by the admin API as the console makes one: what is not given is Keycloak's default. Ann is an
 * ordinary person, Ed an editor, and of Hal nobody entered e-mail and names.
 */
export class MistakesRealm {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  static async create(name: string, clients: readonly object[]): Promise<MistakesRealm> {
    const users = [
      person('ann'),
      person('ed', { realmRoles: ['editor'] }),
      person('hal', { email: undefined, firstName: undefined, lastName: undefined }),
    ]
    const roles = { realm: [{ name: 'editor' }] }
    const passwordPolicy = 'hashAlgorithm(pbkdf2-sha256) and hashIterations(1000)'
    await admin('', {
      method: 'POST',
      body: { realm: name, enabled: true, passwordPolicy, roles, users, clients },
    })
    return new MistakesRealm(name)
  }

  get issuer(): string {
    return issuerOf(this.name)
  }

  /** The issuer when it is asked under another address. */
  at(origin: string, prefix = ''): string {
    return `${origin}${prefix}/realms/${this.name}`
  }

  /** Realm settings → General → Frontend URL: what the server takes for its public address. */
  setFrontendUrl(frontendUrl: string): Promise<unknown> {
    return this.set({ attributes: { frontendUrl } })
  }

  /** Of the realm itself. */
  set(settings: object): Promise<unknown> {
    return admin(`/${this.name}`, { method: 'PUT', body: settings })
  }

  async change(kind: 'clients' | 'users', query: string, changes: object): Promise<void> {
    const [found] = (await admin(`/${this.name}/${kind}?${query}`)) as [{ id: string }]
    await admin(`/${this.name}/${kind}/${found.id}`, { method: 'PUT', body: { ...found, ...changes } })
  }

  /** A token by password, as a program asks for it. */
  token(clientId: string, username = 'ann'): Promise<TokenAnswer & { readonly error_description?: string }> {
    return requestToken(
      {
        grant_type: 'password',
        scope: 'openid',
        client_id: clientId,
        client_secret: SECRET,
        username,
        password: `${username}-password`,
      },
      this.issuer,
    )
  }

  remove(): Promise<unknown> {
    return admin(`/${this.name}`, { method: 'DELETE' })
  }
}

/** An app with a mistake, a person's browser, and what must never be in the app's log. */
export class Scene {
  readonly app: TestApp
  readonly jar = new Jar()
  readonly visitor = new KeycloakVisitor()
  readonly #secrets: string[] = [SECRET, 'ann-password']

  private constructor(app: TestApp) {
    this.app = app
  }

  /** Whatever happens in `run`: the app ends, and its log held nothing secret. */
  static async play(options: TestAppOptions, run: (scene: Scene) => Promise<void>): Promise<void> {
    const app = await startRealApp({ clientSecret: SECRET, apiAudience: AUDIENCE, ...options })
    const scene = new Scene(app)
    try {
      await run(scene)
      expectNothingSecret(JSON.stringify(app.log), scene.#secrets)
    } finally {
      await app.stop()
    }
  }

  /** What Keycloak shows to somebody who wants to sign in. */
  async pageOfKeycloak(path = '/login'): Promise<{ readonly status: number; readonly html: string }> {
    const page = await this.visitor.open(await this.app.beginLogin(this.jar, path))
    if (page instanceof URL) throw new Error('Keycloak leads back instead of showing a page')
    return page
  }

  /** Begins to sign in and comes back; Keycloak may need no form for it. */
  async comeBack(username = 'ann'): Promise<URL> {
    const callback = await this.visitor.signIn(await this.app.beginLogin(this.jar), username)
    this.keepSecret(
      ...['code', 'state', 'session_state'].map((name) => callback.searchParams.get(name) ?? ''),
    )
    return callback
  }

  /** A whole login. */
  async signIn(username = 'ann'): Promise<Answer> {
    return this.app.callback(await this.comeBack(username), this.jar)
  }

  keepSecret(...secrets: readonly string[]): void {
    this.#secrets.push(...secrets.filter((secret) => secret.length > 8))
  }

  /** The API, with a token. */
  async call(token: string, path = '/secure-data'): Promise<Answer> {
    this.keepSecret(...token.split('.'))
    return this.app.bearer(token, path)
  }

  /** The log line of a mistake; some are written a moment later. */
  line(code: string): Promise<LogLine> {
    expectDocumented(`\`${code}\``)
    return until(() => this.app.log.findLast((line) => line.code === code))
  }
}

export function expectNothingSecret(log: string, secrets: readonly string[] = [SECRET]): void {
  for (const secret of secrets) expect(log).not.toContain(secret)
  expect(log).not.toMatch(/eyJ[\w-]{8,}|[?&](?:code|state|nonce)=/)
}

const documentation = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8')

/** What somebody looks up when this happens. */
export function expectDocumented(words: string): void {
  expect(documentation).toContain(words)
}

/** A page about an error: in words, with its code, and nothing of Keycloak's own text. */
export function expectPage(
  answer: Answer,
  { status, code, title }: { status: number; code: string; title: string },
): void {
  expectDocumented(`\`${code}\``)
  expect([answer.status, answer.headers['content-type']]).toEqual([
    status,
    expect.stringContaining('text/html'),
  ])
  expect(answer.body).toContain(`<h1>${title}</h1>`)
  expect(answer.body).toContain(`<code>${code}</code>`)
  expect(answer.body).not.toMatch(/Client not allowed|Invalid client|Invalid scopes|realms\//)
}

/** A server in front of Keycloak that has it under a path, and nothing beside. */
export async function startPrefixProxy(
  prefix: string,
): Promise<{ origin: string; close: () => Promise<void> }> {
  const { hostname, port } = new URL(realKeycloak().url)
  const server = createServer((req, res) => {
    const { method, headers, url = '' } = req
    if (!url.startsWith(`${prefix}/`)) {
      res.writeHead(404).end()
      return
    }
    const onward = request({ hostname, port, method, path: url.slice(prefix.length), headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.writeHead(502).end())
    req.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
