import {
  createLocalJWKSet,
  decodeProtectedHeader,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose'
import type { ServerResponse } from 'node:http'
import { answerTokenRequest } from './scripted-grants.js'
import { CLIENT_ID, json, type Call, type ScriptedProvider } from './scripted-provider.js'
import { refusal, type TokenAnswer } from './scripted-refusals.js'

export interface Assertion {
  readonly kid: unknown
  readonly alg: unknown
  readonly claims: JWTPayload
}

/** The authorization server's side of `private_key_jwt`: it knows our client by its key document alone. */
export class AssertedClient {
  readonly assertions: Assertion[] = []
  /** How often the key document was fetched. */
  fetches = 0
  /** Milliseconds in which it is fetched once at most. */
  cooldown = 0
  /** The n-th call that comes is broken off, after its assertion was read. */
  fault: (call: number) => boolean = () => false
  readonly #provider: ScriptedProvider
  readonly #keyDocument: () => string
  readonly #seen = new Set<string>()
  #known: Promise<JSONWebKeySet> = Promise.resolve({ keys: [] })
  #fetchedAt = -Infinity

  constructor(provider: ScriptedProvider, keyDocument: () => string) {
    this.#provider = provider
    this.#keyDocument = keyDocument
    provider.answers.token = (call, res) => this.#token(call, res)
    provider.authenticate = () => ({ id: CLIENT_ID, isPublic: false })
  }

  /** Nothing when a call carries an assertion of our client, for this server, and new. */
  async judge({ form, headers }: Call): Promise<TokenAnswer | undefined> {
    const refused = (text: string): TokenAnswer => refusal(401, 'invalid_client', text)
    if (headers.authorization !== undefined || form.has('client_secret')) return refused('a secret was sent')
    const assertion = form.get('client_assertion') ?? ''
    try {
      const { kid, alg } = decodeProtectedHeader(assertion)
      const { payload: claims } = await jwtVerify(assertion, createLocalJWKSet(await this.#keysWith(kid)))
      this.assertions.push({ kid, alg, claims })
      const wrong = this.#wrongIn(claims)
      return wrong === undefined ? undefined : refused(wrong)
    } catch (error) {
      return refused(String(error))
    }
  }

  #wrongIn({ iss, sub, aud, jti = '', iat = 0, exp = Infinity }: JWTPayload): string | undefined {
    if (iss !== CLIENT_ID || sub !== CLIENT_ID) return 'iss or sub'
    if (aud !== this.#provider.issuer) return 'aud'
    if (jti === '' || this.#seen.has(jti)) return 'jti'
    this.#seen.add(jti)
    return exp - iat > 300 ? 'exp' : undefined
  }

  async #token(call: Call, res: ServerResponse): Promise<void> {
    const refused = await this.judge(call)
    if (this.fault(this.assertions.length)) {
      res.destroy()
      return
    }
    const { status, body } = refused ?? (await answerTokenRequest(this.#provider, call))
    json(res, status, body)
  }

  async #keysWith(kid: string | undefined): Promise<JSONWebKeySet> {
    const asked = this.#known
    const known = await asked
    // Others may have been quicker.
    if (asked !== this.#known) return this.#keysWith(kid)
    const isKnown = known.keys.some((key) => key.kid === kid)
    if (isKnown || Date.now() - this.#fetchedAt < this.cooldown) return known
    this.#known = this.#fetch()
    return this.#known
  }

  async #fetch(): Promise<JSONWebKeySet> {
    this.fetches++
    this.#fetchedAt = Date.now()
    const response = await fetch(this.#keyDocument())
    if (response.status !== 200) throw new Error(`the key document answered ${response.status}`)
    return (await response.json()) as JSONWebKeySet
  }
}
