import { TokenError } from '../tokens/errors.js'
import type { Change, TokenFolder } from './context.js'
import { PlaceBusy } from './errors.js'

export interface FolderOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  /** Finds the user's home. It throws for a user without one, whom no list of users has. */
  readonly home: () => string
  /** After it is aborted no change begins. */
  readonly signal: AbortSignal
}

/** The user's token file, and whether somebody is changing it. */
export function createTokenFolder({ env, platform, home, signal }: FolderOptions): {
  readonly load: () => Promise<TokenFolder>
  /** What kind of change is under way, if one is. One that waits for its turn is none. */
  readonly underWay: () => Change | undefined
  /** When no change is under way. */
  readonly settled: () => Promise<unknown>
} {
  const busy = new Map<Promise<unknown>, Change>()
  return {
    async load() {
      const { createTokenFile } = await import('../tokens/token-file.js')
      const { configFolder } = await import('../tokens/config-folder.js')
      const folder = configFolder(env, platform, home)
      return {
        path: folder,
        store(name, patience, change = 'renewal') {
          const file = createTokenFile({ name, patience, folder })
          return {
            read: () => file.read(),
            update(work) {
              let failure: unknown
              const update = file.update(async (kept) => {
                signal.throwIfAborted()
                busy.set(settled, change)
                try {
                  return await work(kept)
                } catch (error) {
                  failure = error
                  throw error
                }
              })
              const settled = update.catch(() => undefined).finally(() => busy.delete(settled))
              return update.catch((error: unknown) => {
                // What the work does not say is of the file.
                const isBusy =
                  error !== failure && error instanceof TokenError && error.code === 'unavailable'
                throw isBusy ? new PlaceBusy(error) : error
              })
            },
          }
        },
      }
    },
    underWay: () => busy.values().next().value,
    settled: () => Promise.all(busy.keys()),
  }
}
