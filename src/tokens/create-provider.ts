import { isObject } from '../provider/is-object.js'
import { endOfUnknown } from '../provider/renewal-time.js'
import { createAuthorizedFetch } from './authorized-fetch.js'
import type { Chain } from './chain.js'
import { chainOf } from './chains.js'
import { TokenError } from './errors.js'
import { throwIfAborted, untilAborted } from './flight.js'
import type { Grant } from './grant.js'
import type { Wanted } from './held-tokens.js'
import { keycloakInactiveHint } from './keycloak-token-hints.js'
import { createTokenClient, isFor, timesOf, type TokenClient } from './token-client.js'
import type { TokenProviderOptions } from './token-options.js'
import type { CallOptions, Introspection, TokenHook, TokenProvider } from './token-provider.js'
import type { TokenSet } from './token-set.js'

/** A token that is no older was issued just now, in milliseconds. */
const JUST_NOW = 60_000

/** What a provider begins with. */
export interface Beginning {
  /** Makes the way to the first tokens. */
  readonly grant?: (client: TokenClient) => Grant
  readonly refreshToken?: string | undefined
  readonly accessToken?: string | undefined
}

/** Builds a provider of options that are checked already. */
export function createProvider(options: TokenProviderOptions, beginning: Beginning): TokenProvider {
  const { scope, refreshBefore = 30, store, onTokens, now = Date.now } = options
  const { grant, refreshToken, accessToken } = beginning
  const client = createTokenClient(options, now)
  const chain = chainOf(client, { client, grant: grant?.(client), store, scope, now }, refreshToken)
  // Held by every function of the provider: with the last of them the listener goes, too.
  const wanted = { scope, refreshBefore, onTokens }
  chain.listen(wanted)
  if (accessToken !== undefined) chain.offer(scope, known(accessToken, now()))
  const tokens = async (options?: CallOptions): Promise<TokenSet> => {
    const signal = signalOf(options)
    throwIfAborted(signal)
    return chain.get(wanted, signal)
  }
  return assemble({ chain, wanted, tokens, client, now })
}

interface Parts {
  readonly chain: Chain
  readonly wanted: Wanted
  readonly tokens: (options?: CallOptions) => Promise<TokenSet>
  readonly client: TokenClient
  readonly now: () => number
}

function assemble({ chain, wanted, tokens, client, now }: Parts): TokenProvider {
  const current = async (options?: CallOptions): Promise<string> => (await tokens(options)).accessToken
  const fetch = createAuthorizedFetch({
    current,
    refuse: (token, api) => chain.refuse(wanted.scope, token, api),
    accept: (api) => chain.accept(api),
  })
  return Object.assign((options?: CallOptions) => current(options), {
    ensureFresh: current as TokenHook,
    tokens,
    fetch,
    async renew(options?: CallOptions): Promise<string> {
      const signal = signalOf(options)
      throwIfAborted(signal)
      return (await chain.renew(wanted, signal)).accessToken
    },
    async introspect(options?: CallOptions): Promise<Introspection> {
      const { accessToken, obtainedAt } = await tokens(options)
      const answer = await untilAborted(client.introspect(accessToken), signalOf(options))
      const isNew = now() - obtainedAt < JUST_NOW
      // One that names the client was good: its session has ended.
      if (!answer.active && isNew && !isFor(client.clientId, accessToken)) throw inactive(client)
      return answer
    },
    async revoke(options?: CallOptions): Promise<void> {
      const signal = signalOf(options)
      throwIfAborted(signal)
      await untilAborted(chain.revoke(), signal)
    },
  })
}

/** A hook is called with whatever its caller has at hand: what is no signal is none. */
function signalOf(options: CallOptions | null | undefined): AbortSignal | undefined {
  const signal: unknown = options?.signal
  // By its members: there are classes of that name beside Node's own.
  const isSignal = isObject(signal) && 'aborted' in signal && typeof signal['addEventListener'] === 'function'
  return isSignal ? options?.signal : undefined
}

/** A token that somebody else has got: what is known of it is what it says. */
function known(accessToken: string, now: number): TokenSet {
  const { iat = now, exp = endOfUnknown(now) } = timesOf(accessToken)
  return { accessToken, tokenType: 'bearer', obtainedAt: Math.min(iat, now), expiresAt: exp }
}

function inactive(client: TokenClient): TokenError {
  return new TokenError(
    'inactive_token',
    `the token was issued just now, and introspection calls it inactive for ${client.clientId}`,
    {
      status: 200,
      error: 'inactive_token',
      hint: client.isKeycloak() ? keycloakInactiveHint(client.clientId) : undefined,
    },
  )
}
