import { exportJWK } from 'jose'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import type { Jar } from '../../support/browser-jar.js'
import { createSigningKey } from '../../support/signing.js'

export const CLIENT = { id: 'generic:app', secret: 'a secret of a generic provider, 100 %' }
export const PERSON = {
  sub: 'account/7',
  name: 'Grace Hopper',
  preferred_username: 'grace',
  email: 'grace@example.test',
}

/** The relevant part of what oidc-provider hands to its hooks. */
interface Context {
  readonly oidc: {
    readonly session: { readonly accountId: string }
    readonly client: { readonly clientId: string }
    readonly provider: Provider
  }
}

/**
 * A certified provider of another make: opaque access tokens, no `azp`, names from userinfo only, an issuer without a
 * path. The person always signs in at once.
 */
export class AgreeableProvider {
  readonly #server: Server
  /** What it told of itself, by the names of its events. */
  readonly events: string[] = []

  private constructor(server: Server) {
    this.#server = server
  }

  static async listen(): Promise<AgreeableProvider> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new AgreeableProvider(server)
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Begins to serve the client that lives at `publicUrl`. */
  async serve(publicUrl: string): Promise<void> {
    const { privateKey, alg } = await createSigningKey('ES256')
    const provider = new Provider(this.issuer, {
      ...settings,
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          redirect_uris: [`${publicUrl}/authorize`],
          post_logout_redirect_uris: [`${publicUrl}/`],
          id_token_signed_response_alg: 'ES256',
          grant_types: ['authorization_code', 'refresh_token'],
        },
      ],
      jwks: { keys: [{ ...(await exportJWK(privateKey)), alg }] },
      cookies: { keys: ['a key for the cookies of the provider'] },
    })
    for (const event of [
      'grant.success',
      'grant.revoked',
      'refresh_token.destroyed',
      'server_error',
      'end_session.success',
    ])
      provider.on(event, () => this.events.push(event))
    const answer = provider.callback()
    this.#server.on('request', signInAtOnce(provider, answer))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Follows the provider's redirects, as a browser does, until they lead elsewhere; the address they lead to. */
  async follow(start: string, jar: Jar): Promise<URL> {
    let url = new URL(start)
    for (let hops = 0; hops < 10 && url.origin === this.issuer; hops++) {
      const response = await this.#fetch(url, jar)
      const location = response.headers.get('location')
      if (location === null) throw new Error(`${url.pathname} answered ${response.status} and leads nowhere`)
      url = new URL(location, url)
    }
    return url
  }

  /** Opens the end-session page and says yes; where that leads. */
  async confirmLogout(start: string, jar: Jar): Promise<URL> {
    const page = await (await this.#fetch(new URL(start), jar)).text()
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1]
    const action = /action="([^"]+)"/.exec(page)?.[1]
    if (xsrf === undefined || action === undefined) throw new Error('no form on the end-session page')
    const body = new URLSearchParams({ xsrf, logout: 'yes' })
    const response = await this.#fetch(new URL(action, start), jar, { method: 'POST', body })
    return new URL(response.headers.get('location') ?? '', start)
  }

  async #fetch(url: URL, jar: Jar, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie: jar.header } })
    jar.take(response.headers.getSetCookie())
    return response
  }
}

const settings = {
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
  findAccount: (_ctx: unknown, sub: string) => ({ accountId: sub, claims: () => PERSON }),
  features: {
    devInteractions: { enabled: false },
    revocation: { enabled: true, allowedPolicy: () => true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx: { body: string }, form: string) => {
        ctx.body = form
      },
    },
  },
  // Seconds. What is said here is not remarked upon by the library.
  ttl: { AccessToken: 300, Grant: 3600, IdToken: 300, Interaction: 300, RefreshToken: 3600, Session: 3600 },
  interactions: { url: () => '/sign-in' },
  issueRefreshToken: () => true,
  /** Nobody is asked for consent. */
  async loadExistingGrant({ oidc: { session, client, provider } }: Context) {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
    grant.addOIDCScope('openid profile email')
    await grant.save()
    return grant
  },
}

function signInAtOnce(provider: Provider, answer: RequestListener): RequestListener {
  return (req, res) => {
    if (req.url?.startsWith('/sign-in') !== true) {
      answer(req, res)
      return
    }
    void provider.interactionFinished(req, res, { login: { accountId: PERSON.sub } })
  }
}
