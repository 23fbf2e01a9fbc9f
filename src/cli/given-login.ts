import type { TokenSet } from '../tokens/token-set.js'
import type { TokenStore } from '../tokens/token-store.js'
import { CliError } from './errors.js'
import { EXIT } from './exit-codes.js'

/** No access token: what stands in its place here is not given out, as it is over. */
const NO_TOKEN = { accessToken: '', tokenType: 'bearer', obtainedAt: 0, expiresAt: 0 } as const

/**
 * The place of a login that began with a refresh token of the person's own. The setting goes on naming that one, which is
 * spent: when the login is over, that is kept, and no command sends it again.
 *
 * @returns a store that throws {@link CliError} when the login is over
 */
export function givenLogin(inner: TokenStore, refreshToken: string): TokenStore {
  const beginning: TokenSet = { ...NO_TOKEN, refreshToken }
  return {
    async read() {
      return (await known(inner)) ?? beginning
    },
    async update(work) {
      const left = await inner.update(async (kept) => {
        refuseWhenOver(kept)
        const result = await work(kept ?? beginning)
        if (result === undefined) return NO_TOKEN
        // Nothing has come of it yet. The first refresh token is the person's to keep.
        return result.refreshToken === refreshToken && isNoToken(result) ? undefined : result
      })
      return left !== undefined && isOver(left) ? undefined : left
    },
  }
}

async function known(inner: TokenStore): Promise<TokenSet | undefined> {
  const kept = await inner.read()
  refuseWhenOver(kept)
  return kept
}

const isNoToken = ({ accessToken }: TokenSet): boolean => accessToken === NO_TOKEN.accessToken
const isOver = (tokens: TokenSet): boolean => isNoToken(tokens) && tokens.refreshToken === undefined

function refuseWhenOver(kept: TokenSet | undefined): void {
  if (kept === undefined || !isOver(kept)) return
  throw new CliError(
    EXIT.signInAgain,
    'sign in again: the login that began with this LATCHKEY_REFRESH_TOKEN is over',
    ['Set another refresh token, or none, and latchkey login.'],
  )
}
