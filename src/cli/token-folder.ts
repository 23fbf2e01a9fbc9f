import type { TokenFolder } from './context.js'

export interface FolderOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  readonly home: string
}

/** The user's token file, and whether somebody is changing it. */
export function createTokenFolder({ env, platform, home }: FolderOptions): {
  readonly load: () => Promise<TokenFolder>
  /** When no change is under way. */
  readonly settled: () => Promise<unknown>
} {
  const busy = new Set<Promise<unknown>>()
  return {
    async load() {
      const [{ createTokenFile }, { configFolder }] = await Promise.all([
        import('../tokens/token-file.js'),
        import('../tokens/config-folder.js'),
      ])
      const folder = configFolder(env, platform, home)
      return {
        path: folder,
        store(name, patience) {
          const file = createTokenFile({ name, patience, folder })
          return {
            read: () => file.read(),
            update(work) {
              const change = file.update(work)
              const settled = change.catch(() => undefined).finally(() => busy.delete(settled))
              busy.add(settled)
              return change
            },
          }
        },
      }
    },
    settled: () => Promise.all(busy),
  }
}
