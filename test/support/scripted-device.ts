import { createHash, randomUUID } from 'node:crypto'
import type { Person } from './scripted-provider.js'
import { refusal, type TokenAnswer } from './scripted-refusals.js'

/** What the person has done so far; `slow_down` is the provider's own wish. */
export type DeviceState = 'pending' | 'slow_down' | 'denied' | 'expired' | { readonly approved: Person }

interface Begun {
  readonly clientId: string
  readonly scope: string
  readonly challenge: string | undefined
  readonly expiresAt: number
  polledAt: number
}

/** A device code that was redeemed. */
export interface DeviceApproval {
  readonly person: Person
  readonly scope: string
}

const REFUSALS = {
  pending: refusal(400, 'authorization_pending', 'The authorization request is still pending'),
  slow_down: refusal(400, 'slow_down', 'Slow down'),
  denied: refusal(400, 'access_denied', 'The end user denied the authorization request'),
  expired: refusal(400, 'expired_token', 'Device code is expired'),
}

/** The person with another device, and the codes that were given out (RFC 8628), as Keycloak has them. */
export class ScriptedDevice {
  /** What a poll finds, once {@link ScriptedDevice.next} is empty. */
  state: DeviceState = 'pending'
  /** What the next polls find, one each. */
  next: DeviceState[] = []
  /** Seconds between polls; `undefined` leaves it out of the answer. */
  interval: number | undefined = 5
  /** Seconds. */
  expiresIn = 600
  /** Whether a poll before its time is told to slow down. */
  enforcesInterval = false
  /** As the demo's client does. */
  requiresPkce = true
  /** Members laid over the answer of the device endpoint; `undefined` removes one. */
  answer: Record<string, unknown> = {}
  /** When each poll came, in milliseconds since 1970. */
  polls: number[] = []
  readonly #codes = new Map<string, Begun>()

  reset(): void {
    Object.assign(this, new ScriptedDevice())
  }

  approve(person: Person): void {
    this.state = { approved: person }
  }

  /** The device endpoint. */
  begin(issuer: string, clientId: string, form: URLSearchParams): TokenAnswer {
    const challenge = form.get('code_challenge') ?? undefined
    if (this.requiresPkce && challenge === undefined)
      return refusal(400, 'invalid_request', 'Missing parameter: code_challenge_method')
    if (challenge !== undefined && form.get('code_challenge_method') !== 'S256')
      return refusal(400, 'invalid_request', 'Invalid parameter: code challenge method is not configured one')
    const deviceCode = `device-${randomUUID()}`
    const userCode = randomUUID().slice(0, 8).toUpperCase().replace(/^..../, '$&-')
    const expiresAt = Date.now() + this.expiresIn * 1000
    const scope = form.get('scope') ?? ''
    this.#codes.set(deviceCode, { clientId, scope, challenge, expiresAt, polledAt: 0 })
    const body = {
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: `${issuer}/device`,
      verification_uri_complete: `${issuer}/device?user_code=${userCode}`,
      expires_in: this.expiresIn,
      interval: this.interval,
      ...this.answer,
    }
    return { status: 200, body }
  }

  /** One poll of the token endpoint. */
  poll(clientId: string, form: URLSearchParams): TokenAnswer | DeviceApproval {
    const now = Date.now()
    this.polls.push(now)
    const code = form.get('device_code') ?? ''
    const begun = this.#codes.get(code)
    if (begun?.clientId !== clientId) return refusal(400, 'invalid_grant', 'Device code not valid')
    if (this.#isEarly(begun, now)) return REFUSALS.slow_down
    if (!isProven(begun, form))
      return refusal(400, 'invalid_grant', 'PKCE verification failed: Code mismatch')
    const state = now > begun.expiresAt ? 'expired' : (this.next.shift() ?? this.state)
    if (typeof state === 'string') return REFUSALS[state]
    this.#codes.delete(code)
    return { person: state.approved, scope: begun.scope }
  }

  #isEarly(begun: Begun, now: number): boolean {
    const since = now - begun.polledAt
    begun.polledAt = now
    return this.enforcesInterval && since < (this.interval ?? 5) * 1000
  }
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc7636.html#section-4.6 | RFC 7636 §4.6} */
function isProven({ challenge }: Begun, form: URLSearchParams): boolean {
  const verifier = form.get('code_verifier') ?? ''
  return challenge === undefined || challenge === createHash('sha256').update(verifier).digest('base64url')
}
