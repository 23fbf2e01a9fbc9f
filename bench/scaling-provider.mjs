// An OpenID provider for the measurement: as large tokens as Keycloak's, real signatures, and nobody who types.
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

export const CLIENT = { id: 'bench', secret: 'the-client-secret-of-the-measurement' }
export const AUDIENCE = 'bench-api'
/** Seconds that an access token lasts. */
export const TOKEN_LIFE = 300
const KEY_ID = 'bench-key'
const ROLES = ['default-roles-latchkey', 'offline_access', 'uma_authorization', 'user']

/**
 * @typedef {object} Grant what a code or a refresh token stands for
 * @property {string} sub
 * @property {string} sid
 * @property {string | undefined} nonce
 */

export class Provider {
  /** How often tokens were given out for a refresh token. */
  refreshed = 0
  /** Bytes of the tokens that were given out last. */
  tokenBytes = 0
  /** @type {Map<string, Grant>} */
  #codes = new Map()
  /** @type {Map<string, Grant>} */
  #refreshTokens = new Map()
  #server = createServer((req, res) => void this.#answer(req, res))
  /** @type {import('jose').CryptoKey | undefined} */
  #key
  /** @type {import('jose').JWK} */
  #publicKey = {}

  static async start() {
    const provider = new Provider()
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    provider.#key = privateKey
    provider.#publicKey = { ...(await exportJWK(publicKey)), alg: 'RS256', kid: KEY_ID, use: 'sig' }
    provider.#server.keepAliveTimeout = 60_000
    await once(provider.#server.listen(0, '127.0.0.1'), 'listening')
    return provider
  }

  get issuer() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address())
    return `http://127.0.0.1:${port}/realms/bench`
  }

  stop() {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /**
   * A person nobody has seen before agrees to an authorization request.
   *
   * @param {URL} request
   * @returns the callback
   */
  approve(request) {
    const code = `${randomUUID()}.${randomUUID()}.${randomUUID()}`
    const nonce = request.searchParams.get('nonce') ?? undefined
    this.#codes.set(code, { sub: randomUUID(), sid: randomUUID(), nonce })
    const callback = new URL(request.searchParams.get('redirect_uri') ?? '')
    const state = request.searchParams.get('state') ?? ''
    callback.search = String(new URLSearchParams({ state, iss: this.issuer, code }))
    return callback
  }

  /**
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:http').ServerResponse} res
   */
  async #answer(req, res) {
    let body = ''
    for await (const chunk of req) body += chunk
    const { pathname } = new URL(req.url ?? '/', this.issuer)
    const [status, answer] = await this.#route(pathname, new URLSearchParams(body))
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }

  /**
   * @param {string} path
   * @param {URLSearchParams} form
   * @returns {Promise<[number, unknown]>}
   */
  async #route(path, form) {
    if (path.endsWith('/.well-known/openid-configuration')) return [200, this.#metadata()]
    if (path.endsWith('/certs')) return [200, { keys: [this.#publicKey] }]
    const refreshToken = form.get('refresh_token')
    const [grants, name] =
      refreshToken === null ? [this.#codes, form.get('code')] : [this.#refreshTokens, refreshToken]
    const grant = grants.get(name ?? '')
    if (grant === undefined) return [400, { error: 'invalid_grant' }]
    grants.delete(name ?? '')
    if (refreshToken !== null) this.refreshed++
    return [200, await this.#tokens(grant, refreshToken === null ? grant.nonce : undefined)]
  }

  #metadata() {
    const at = (/** @type {string} */ path) => `${this.issuer}/protocol/openid-connect/${path}`
    return {
      issuer: this.issuer,
      authorization_endpoint: at('auth'),
      token_endpoint: at('token'),
      jwks_uri: at('certs'),
      end_session_endpoint: at('logout'),
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
    }
  }

  /**
   * @param {Grant} grant
   * @param {string | undefined} nonce
   */
  async #tokens({ sub, sid }, nonce) {
    const person = {
      sub,
      sid,
      name: 'Alice Adams',
      preferred_username: `alice-${sub.slice(0, 8)}`,
      given_name: 'Alice',
      family_name: 'Adams',
      email: `alice-${sub.slice(0, 8)}@example.org`,
      email_verified: true,
      acr: 'pwd',
      azp: CLIENT.id,
    }
    const accessToken = await this.#sign({
      ...person,
      typ: 'Bearer',
      aud: [AUDIENCE, 'account'],
      realm_access: { roles: ROLES },
      resource_access: { account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] } },
      scope: 'openid profile email',
      'allowed-origins': ['http://localhost:3000'],
    })
    const idToken = await this.#sign({
      ...person,
      typ: 'ID',
      aud: CLIENT.id,
      auth_time: Math.floor(Date.now() / 1000),
      nonce,
      at_hash: createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url'),
    })
    // Keycloak's is a JWT, for nobody else to read.
    const refreshToken = randomBytes(500).toString('base64url')
    this.#refreshTokens.set(refreshToken, { sub, sid, nonce: undefined })
    this.tokenBytes = accessToken.length + idToken.length + refreshToken.length
    return {
      access_token: accessToken,
      expires_in: TOKEN_LIFE,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      id_token: idToken,
      scope: 'openid profile email',
    }
  }

  /** @param {import('jose').JWTPayload} claims */
  #sign(claims) {
    return new SignJWT({ iss: this.issuer, jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: KEY_ID })
      .setIssuedAt()
      .setExpirationTime(`${TOKEN_LIFE}s`)
      .sign(/** @type {import('jose').CryptoKey} */ (this.#key))
  }
}
