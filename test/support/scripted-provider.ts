import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { AuthorizationCodes } from './authorization-codes.js'
import { RefreshFamilies } from './refresh-families.js'
import { endpointOf, type Endpoint } from './scripted-endpoints.js'
import { answerTokenRequest, beginDevice } from './scripted-grants.js'
import { answerIntrospection } from './scripted-introspection.js'
import { MachineScript } from './scripted-machines.js'
import { createSigningKey, sign, type Draft, type SigningKey } from './signing.js'

export interface Call {
  readonly endpoint: Endpoint
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
}

export type Answer = (call: Call, res: ServerResponse) => void | Promise<void>

export interface Person extends Record<string, unknown> {
  readonly sub: string
}

export { AUDIENCE, PUBLIC_CLIENT_ID } from './scripted-machines.js'
export const CLIENT_ID = 'webapp'
export const CLIENT_SECRET = 'the-client-secret-of-the-tests'

export const json = (res: ServerResponse, status: number, body: unknown): void => {
  res
    .writeHead(status, { 'content-type': 'application/json' })
    .end(typeof body === 'string' ? body : JSON.stringify(body))
}

/**
 * An OpenID provider that does as it is told: it looks like one Keycloak realm, and every answer can be replaced.
 * For what a real one cannot be made to do: lie, hang, rotate on command.
 */
export class ScriptedProvider extends MachineScript {
  /** Replaced answers, by endpoint. */
  answers: Partial<Record<Endpoint, Answer>> = {}
  /** Members laid over the discovery document; `undefined` removes one. */
  metadata: Record<string, unknown> = {}
  /** Changes an ID token before it is signed, or replaces it. */
  onIdToken: (draft: Draft) => Draft | string | Promise<Draft | string> = (draft) => draft
  /** Changes a token response, or replaces it. */
  onTokenResponse: (body: Record<string, unknown>) => unknown = (body) => body
  /** What the userinfo endpoint knows. */
  userinfo: Record<string, unknown> | undefined
  /** Whether the callback carries `iss`. */
  sendsIss = true
  /** Seconds. */
  accessTokenLife = 300
  client = { id: CLIENT_ID, secret: CLIENT_SECRET }
  readonly codes = new AuthorizationCodes()
  readonly families = new RefreshFamilies()
  calls: Call[] = []
  keys: SigningKey[] = []
  /** The keys of the JWKS, when they differ from those that sign. */
  publishedKeys: unknown[] | undefined

  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port = 0

  private constructor() {
    super()
    this.#server = createServer((req, res) => void this.#handle(req, res))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(): Promise<ScriptedProvider> {
    const provider = new ScriptedProvider()
    provider.keys = [await createSigningKey()]
    await provider.open()
    return provider
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get issuer(): string {
    return `${this.origin}/realms/demo`
  }

  get key(): SigningKey {
    const [key] = this.keys
    if (key === undefined) throw new Error('the provider has no key')
    return key
  }

  /** How often an endpoint was called. */
  count(endpoint: Endpoint): number {
    return this.calls.filter((call) => call.endpoint === endpoint).length
  }

  /** How often somebody asked for tokens by this grant. */
  grants(type: string): number {
    return this.calls.filter(({ endpoint, form }) => endpoint === 'token' && form.get('grant_type') === type)
      .length
  }

  /** Forgets every replaced answer and every call. */
  reset(): void {
    this.answers = {}
    this.metadata = {}
    this.onIdToken = (draft) => draft
    this.onTokenResponse = (body) => body
    this.userinfo = undefined
    this.sendsIss = true
    this.accessTokenLife = 300
    this.client = { id: CLIENT_ID, secret: CLIENT_SECRET }
    this.resetMachines()
    this.publishedKeys = undefined
    this.families.reset()
    this.calls = []
  }

  /** Signs with a new key from now on; `keep` goes on publishing the old ones. */
  async rotate({ keep = false } = {}): Promise<SigningKey> {
    const key = await createSigningKey()
    this.keys = keep ? [key, ...this.keys] : [key]
    return key
  }

  open(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#port = (this.#server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  /** Closes the port, as a server that is down; {@link open} opens the same one again. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Plays the person who signs in: from the authorization request to the address that the browser is sent back to. */
  approve(authorizationUrl: string, person: Person): URL {
    const request = new URL(authorizationUrl).searchParams
    const callback = new URL(request.get('redirect_uri') ?? '')
    callback.searchParams.set('state', request.get('state') ?? '')
    callback.searchParams.set('session_state', randomUUID())
    if (this.sendsIss) callback.searchParams.set('iss', this.issuer)
    callback.searchParams.set('code', this.codes.issue(person, request))
    return callback
  }

  /** An access token as the realm would give it out. */
  accessToken(
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    key = this.key,
  ): Promise<string> {
    return sign(this.accessTokenClaims(claims), key, header)
  }

  accessTokenClaims(claims: Record<string, unknown> = {}): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000)
    return {
      iss: this.issuer,
      aud: this.audience,
      sub: randomUUID(),
      azp: this.client.id,
      typ: 'Bearer',
      iat: now,
      exp: now + this.accessTokenLife,
      jti: randomUUID(),
      scope: 'openid profile email',
      realm_access: { roles: ['user'] },
      ...claims,
    }
  }

  discoveryDocument(): Record<string, unknown> {
    const at = (path: string): string => `${this.issuer}/protocol/openid-connect/${path}`
    return {
      issuer: this.issuer,
      authorization_endpoint: at('auth'),
      token_endpoint: at('token'),
      jwks_uri: at('certs'),
      userinfo_endpoint: at('userinfo'),
      revocation_endpoint: at('revoke'),
      introspection_endpoint: at('token/introspect'),
      device_authorization_endpoint: at('auth/device'),
      end_session_endpoint: at('logout'),
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
      prompt_values_supported: ['none', 'login', 'create'],
      authorization_response_iss_parameter_supported: true,
      ...this.metadata,
    }
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of req as AsyncIterable<Buffer>) body += chunk.toString()
    const url = new URL(req.url ?? '/', this.origin)
    const endpoint = endpointOf(url.pathname)
    if (endpoint === undefined) {
      json(res, 404, { error: 'not_found' })
      return
    }
    const call = {
      endpoint,
      method: req.method ?? '',
      url,
      headers: req.headers,
      form: new URLSearchParams(body),
    }
    this.calls.push(call)
    await (this.answers[endpoint] ?? this.#honest(endpoint))(call, res)
  }

  #honest(endpoint: Endpoint): Answer {
    const honest: Readonly<Record<Endpoint, Answer>> = {
      discovery: (_call, res) => json(res, 200, this.discoveryDocument()),
      jwks: (_call, res) =>
        json(res, 200, { keys: this.publishedKeys ?? this.keys.map(({ publicJwk }) => publicJwk) }),
      authorize: (call, res) => {
        const url = new URL(call.url.searchParams.get('redirect_uri') ?? this.origin)
        url.searchParams.set('error', 'login_required')
        res.writeHead(302, { location: url.href }).end()
      },
      token: async (call, res) => {
        const { status, body } = await answerTokenRequest(this, call)
        json(res, status, status === 200 ? this.onTokenResponse(body) : body)
      },
      introspect: async (call, res) => {
        const { status, body } = await answerIntrospection(this, call)
        json(res, status, body)
      },
      device: (call, res) => {
        const { status, body } = beginDevice(this, call)
        json(res, status, body)
      },
      userinfo: (_call, res) =>
        this.userinfo ? json(res, 200, this.userinfo) : json(res, 401, { error: 'invalid_token' }),
      revoke: (call, res) => {
        this.revoked.add(call.form.get('token') ?? '')
        this.families.revokeBy(call.form.get('token') ?? '')
        json(res, 200, {})
      },
      logout: (call, res) => {
        this.families.revokeBy(call.form.get('refresh_token') ?? '')
        res.writeHead(call.method === 'POST' ? 204 : 200).end()
      },
    }
    return honest[endpoint]
  }
}
