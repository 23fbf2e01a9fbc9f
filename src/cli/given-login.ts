import { createHash } from 'node:crypto'
import type { TokenSet } from '../tokens/token-set.js'
import type { TokenStore } from '../tokens/token-store.js'
import { TokenError } from '../tokens/errors.js'
import type { Change, Context } from './context.js'
import { CliError } from './errors.js'
import { EXIT } from './exit-codes.js'
import { keptLogin } from './kept-login.js'
import type { Client, ServerSettings } from './settings.js'

/** No access token: what stands in its place here is not given out, as it is over. */
const NO_TOKEN = { accessToken: '', tokenType: 'bearer', obtainedAt: 0, expiresAt: 0 } as const

/** The place where the chain is kept that began with a refresh token: the setting goes on naming the first one. */
export async function placeOfGiven(
  context: Context,
  { server, client }: { readonly server: ServerSettings; readonly client: Client },
  given: string,
  change?: Change,
): Promise<TokenStore> {
  const digest = createHash('sha256').update(given).digest('base64url')
  const { store } = await keptLogin(context, server, `${client.clientId} ${digest}`, change)
  return store
}

/** Whether the login that began with a refresh token is known to be over. */
export async function hasEnded(inner: TokenStore): Promise<boolean> {
  const kept = await inner.read()
  return kept !== undefined && isOver(kept)
}

/** Says of a login that has just turned out to be over what to do about the setting that names it. */
export function explainEnd(error: unknown): never {
  if (!(error instanceof TokenError) || error.code !== 'sign_in_again') throw error
  throw new CliError(EXIT.signInAgain, error.message, [
    'LATCHKEY_REFRESH_TOKEN holds a dead token: set another one, or none, and latchkey login.',
  ])
}

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
