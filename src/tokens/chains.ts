import { createHash } from 'node:crypto'
import { KEYCLOAK_TOKEN_PATH } from '../provider/keycloak.js'
import { Chain, type ChainOptions } from './chain.js'

/** Who a refresh token belongs to. */
export interface ChainOwner {
  /** Issuer or token endpoint. */
  readonly server: string
  readonly clientId: string
}

/** So many refresh tokens of one chain are recognised, the newest. */
const MEMORY = 20
/** So many chains outlast their providers: who makes another one of the same refresh token goes on with it. */
const OUTLASTING = 500

/** Every chain of this process by digests of its refresh tokens, spent ones included. */
const chains = new Map<string, WeakRef<Chain>>()
const outlasting = new Set<Chain>()
const forgotten = new FinalizationRegistry<readonly string[]>((digests) => {
  for (const digest of digests) if (chains.get(digest)?.deref() === undefined) chains.delete(digest)
})

/**
 * The chain that a refresh token belongs to, or a new one. Under rotation a second use of a refresh token ends the
 * sign-in, so two providers that are given one share its chain.
 */
export function chainOf(
  owner: ChainOwner,
  options: Omit<ChainOptions, 'onRefreshToken'>,
  refreshToken?: string,
): Chain {
  if (refreshToken !== undefined) {
    const known = chains.get(digestOf(owner, refreshToken))?.deref()
    if (known !== undefined) {
      known.join(options)
      return known
    }
  }
  const digests: string[] = []
  const remember = (token: string): void => {
    hold(chain)
    const digest = digestOf(owner, token)
    if (digests.includes(digest)) return
    digests.push(digest)
    chains.set(digest, reference)
    // The one that it began with is the one that somebody may still have.
    if (digests.length > MEMORY) chains.delete(digests.splice(1, 1).join())
  }
  const chain = new Chain({ ...options, onRefreshToken: remember }, refreshToken)
  const reference = new WeakRef(chain)
  if (refreshToken !== undefined) remember(refreshToken)
  forgotten.register(chain, digests)
  return chain
}

/** The newest are held, the longest unused is let go. */
function hold(chain: Chain): void {
  outlasting.delete(chain)
  outlasting.add(chain)
  const [oldest] = outlasting
  if (oldest !== undefined && outlasting.size > OUTLASTING) outlasting.delete(oldest)
}

function digestOf({ server, clientId }: ChainOwner, refreshToken: string): string {
  // Keycloak's token endpoint tells its issuer, so both addresses are the same server.
  const issuer = server.endsWith(KEYCLOAK_TOKEN_PATH) ? server.slice(0, -KEYCLOAK_TOKEN_PATH.length) : server
  const text = [issuer, clientId, refreshToken].join('\0')
  return createHash('sha256').update(text).digest('base64url')
}
