import { LoginError } from '../../../src/login/errors.js'
import type { LoginSession } from '../../../src/login/login-session.js'
import type { Renewal } from '../../../src/login/refresh-grant.js'
import { ProviderError } from '../../../src/provider/errors.js'
import { LIFE, sleep, type Fate, type Script } from './refresh-script.js'

/** Who calls. */
export interface Caller {
  readonly isDead: boolean
  /** Resolves when it can take an answer; never, when it is dead. */
  awake(): Promise<void>
}

/** An authorization server that has one session to renew, and follows a script. */
export class Provider {
  /** Refresh tokens that were answered with: the login is over. */
  readonly refused = new Set<string>()
  /** How often a spent token was sent. */
  reused = 0
  calls = 0
  readonly #script: Script
  readonly #faults: string[]
  readonly #spent = new Set<string>()
  readonly #flying: { readonly token: string; readonly process: Caller }[] = []
  #isRevoked = false
  #issued = 0
  #now = 0

  constructor(script: Script, faults: string[]) {
    this.#script = script
    this.#faults = faults
  }

  async renew(login: LoginSession, process: Caller): Promise<Renewal> {
    const token = login.tokens.refreshToken ?? ''
    const plan = this.#script.plans[this.calls++ % this.#script.plans.length] ?? {
      fate: 'renewed',
      there: 0,
      back: 0,
    }
    const flight = { token, process }
    if (this.#flying.some((other) => other.token === token && !other.process.isDead))
      this.#faults.push(`${token} was in flight twice`)
    this.#flying.push(flight)
    await sleep(plan.there)
    const answer = this.#answer(token, plan.fate)
    await sleep(plan.back)
    await process.awake()
    this.#flying.splice(this.#flying.indexOf(flight), 1)
    return answer()
  }

  #answer(token: string, fate: Fate): () => Renewal {
    const fail = (error: Error) => (): never => {
      throw error
    }
    if (fate === 'away') return fail(new ProviderError('provider_unavailable', 'no connection'))
    if (fate === 'client refused') return fail(new LoginError('client_refused', 'the secret was changed'))
    if (fate === 'refused' || !this.#redeem(token)) {
      this.#isRevoked = true
      this.refused.add(token)
      return fail(new LoginError('refresh_refused', 'invalid_grant'))
    }
    const refreshToken = this.#script.rotates ? `refresh-${++this.#issued}` : token
    if (fate === 'lost') return fail(new ProviderError('provider_unavailable', 'no answer'))
    if (fate === 'unjudged')
      return () => ({
        unjudged: { refreshToken, error: new ProviderError('provider_keys_unusable', 'no key') },
      })
    if (fate === 'other person') {
      this.refused.add(token)
      return fail(new LoginError('id_token_invalid', 'another person'))
    }
    const accessToken = `access-${++this.#now}`
    const claims = { sub: 'person' } as never
    return () => ({
      login: {
        claims,
        idToken: 'id',
        accessToken,
        refreshToken,
        scope: new Set(['openid']),
        expiresIn: LIFE,
      },
    })
  }

  #redeem(token: string): boolean {
    if (this.#isRevoked) return false
    if (!this.#script.rotates) return true
    if (this.#spent.has(token)) {
      this.reused++
      return false
    }
    this.#spent.add(token)
    return true
  }
}
