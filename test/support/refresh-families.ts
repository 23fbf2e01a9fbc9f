import { randomUUID } from 'node:crypto'
import type { Person } from './scripted-provider.js'

/** A login, which all refresh tokens that came of it belong to. */
export interface Family {
  readonly person: Person
  /** The sign-on session. */
  readonly sid: string
  /** When the person authenticated, in seconds. */
  readonly authTime: number
  isRevoked: boolean
  /** How often a token was redeemed. */
  redeemed: number
}

/** Refresh tokens that are good for one use, as Keycloak's are with rotation: a second use ends all of the login's. */
export class RefreshFamilies {
  /** Whether a token is good for one use only. */
  rotates = true
  /** How often a spent token was sent. */
  reused = 0
  readonly #tokens = new Map<string, { readonly family: Family; isSpent: boolean }>()
  readonly #families: Family[] = []

  /** Forgets what was counted and told; the logins go on. */
  reset(): void {
    this.rotates = true
    this.reused = 0
  }

  begin(person: Person, sid: string): Family {
    const authTime = Math.floor(Date.now() / 1000)
    const family = { person, sid, authTime, isRevoked: false, redeemed: 0 }
    this.#families.push(family)
    return family
  }

  issue(family: Family): string {
    const token = `refresh-${randomUUID()}`
    this.#tokens.set(token, { family, isSpent: false })
    return token
  }

  /** The token that was given out last to a person. */
  newest(person: Person): string | undefined {
    return [...this.#tokens].findLast(([, { family }]) => family.person.sub === person.sub)?.[0]
  }

  /** Nothing for a token that is unknown, spent or revoked. */
  redeem(token: string): Family | undefined {
    const found = this.#tokens.get(token)
    if (found === undefined || found.family.isRevoked) return undefined
    if (found.isSpent && this.rotates) {
      this.reused++
      found.family.isRevoked = true
      return undefined
    }
    found.isSpent = true
    found.family.redeemed++
    return found.family
  }

  /** Whether a token could be redeemed. */
  isActive(token: string): boolean {
    const found = this.#tokens.get(token)
    return found !== undefined && !found.family.isRevoked && !(found.isSpent && this.rotates)
  }

  /** The logins of a person, the oldest first. */
  of(person: Person): readonly Family[] {
    return this.#families.filter((family) => family.person.sub === person.sub)
  }

  /** Ends a login by one of its tokens; whether there was one. */
  revokeBy(token: string): boolean {
    const family = this.#tokens.get(token)?.family
    if (family !== undefined) family.isRevoked = true
    return family !== undefined
  }
}
