import type { TokenSet } from '../tokens/token-set.js'
import type { TokenStore } from '../tokens/token-store.js'
import type { Change, Context } from './context.js'
import { CliError } from './errors.js'
import { EXIT } from './exit-codes.js'
import type { ServerSettings } from './settings.js'

/** One login of the person's own: for one issuer and one client, so that its tokens go nowhere else. */
export interface KeptLogin {
  readonly store: TokenStore
  /** Where it is, for people. */
  readonly path: string
}

export async function keptLogin(
  context: Context,
  { issuer, timeout }: ServerSettings,
  clientId: string,
  change?: Change,
): Promise<KeptLogin> {
  const folder = await context.loadFolder()
  return { store: folder.store(`${issuer} ${clientId}`, timeout + 2, change), path: folder.path }
}

/** @throws {@link CliError} that says how to get one */
export async function requireLogin({ store }: KeptLogin): Promise<void> {
  if ((await store.read()) !== undefined) return
  throw new CliError(EXIT.signInAgain, 'there is no login for this issuer and client', ['latchkey login'])
}

/**
 * The same login for one token of another kind, such as one with fewer scopes: what is kept is renewed by it, but later
 * commands do not get this token.
 */
export function forOneToken(store: TokenStore): TokenStore {
  return {
    async read() {
      return over(await store.read())
    },
    async update(work) {
      let got: TokenSet | undefined
      await store.update(async (kept) => {
        got = await work(over(kept))
        if (got === undefined || kept === undefined) return over(got)
        // It did not work, and nothing is new but, perhaps, the refresh token.
        if (got.accessToken === kept.accessToken) return { ...kept, refreshToken: got.refreshToken }
        return over(got)
      })
      return got
    },
  }
}

/** The same tokens, due at once. */
function over(tokens: TokenSet | undefined): TokenSet | undefined {
  return tokens && { ...tokens, expiresAt: tokens.obtainedAt }
}
