import { randomUUID } from 'node:crypto'
import type { AskingClient } from './scripted-clients.js'
import { ScriptedDevice } from './scripted-device.js'
import type { Call, Person } from './scripted-provider.js'
import type { TokenAnswer } from './scripted-refusals.js'
import type { SigningKey } from './signing.js'

export const AUDIENCE = 'the-api'
export const PUBLIC_CLIENT_ID = 'the-command-line'

/** Somebody who can sign in by password. */
export interface Account {
  readonly person: Person
  readonly password: string
  /** A one-time code that is needed beside the password. */
  readonly otp?: string
  /** The word of Keycloak that keeps the person out although the password is right. */
  readonly refusal?: 'Account is not fully set up' | 'Account disabled'
}

/** What a scripted provider is told about logins without a browser. */
export class MachineScript {
  /** The client without a secret. */
  publicClientId = PUBLIC_CLIENT_ID
  /** Says who asks, for what the provider does not know by itself. */
  authenticate: ((call: Call) => AskingClient | TokenAnswer | undefined) | undefined
  /** What access tokens are for, unless the test says so itself. */
  audience: string | readonly string[] | undefined = [AUDIENCE, 'account']
  /** Who can sign in by password, by user name. */
  readonly accounts = new Map<string, Account>()
  /** Grants whose switch is off. */
  readonly disabledGrants = new Set<string>()
  /** The words that may be asked for; any, without it. */
  knownScopes: ReadonlySet<string> | undefined
  /** "Use refresh tokens for client credentials grant", off as in Keycloak. */
  refreshForClientCredentials = false
  /** What a token may be exchanged for. */
  exchangeAudiences: ReadonlySet<string> = new Set([AUDIENCE])
  /** Whose assertions are trusted; the provider's own, without it. */
  assertionKeys: readonly SigningKey[] | undefined
  readonly device = new ScriptedDevice()
  /** What the revocation endpoint was shown. */
  readonly revoked = new Set<string>()

  /** Makes somebody who can sign in with `<name>-password`. */
  addPerson(username: string, more: Partial<Account> = {}): Person {
    const person = { sub: randomUUID(), preferred_username: username, email: `${username}@example.test` }
    const account = { person, password: `${username}-password`, ...more }
    this.accounts.set(username, account)
    return account.person
  }

  protected resetMachines(): void {
    this.publicClientId = PUBLIC_CLIENT_ID
    this.authenticate = undefined
    this.audience = [AUDIENCE, 'account']
    this.accounts.clear()
    this.disabledGrants.clear()
    this.knownScopes = undefined
    this.refreshForClientCredentials = false
    this.exchangeAudiences = new Set([AUDIENCE])
    this.assertionKeys = undefined
    this.device.reset()
  }
}
