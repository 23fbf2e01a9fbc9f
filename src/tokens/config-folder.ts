import path from 'node:path'
import { unusable } from './unusable-file.js'

/** What is kept for a user, in the folder where the system keeps such things. */
const OURS = 'latchkey'

/**
 * The user's config folder for Latchkey.
 *
 * @throws `TokenError` `store_unusable` for a user without a home.
 * @see {@link https://specifications.freedesktop.org/basedir-spec/latest/ | XDG Base Directory Specification}
 */
export function configFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string,
): string {
  const paths = platform === 'win32' ? path.win32 : path.posix
  const given = env[platform === 'win32' ? 'APPDATA' : 'XDG_CONFIG_HOME'] ?? ''
  // > All paths set in these environment variables must be absolute. If an implementation encounters a relative path
  // > … it should consider the path invalid and ignore it.
  if (platform !== 'darwin' && paths.isAbsolute(given)) return paths.join(given, OURS)
  if (!paths.isAbsolute(home)) throw unusable('HOME', 'names no folder to keep tokens in: set it')
  return paths.join(home, ...usual(platform), OURS)
}

function usual(platform: NodeJS.Platform): readonly string[] {
  if (platform === 'win32') return ['AppData', 'Roaming']
  return platform === 'darwin' ? ['Library', 'Application Support'] : ['.config']
}
