import path from 'node:path'
import { unusable } from './unusable-file.js'

/** What is kept for a user, in the folder where the system keeps such things. */
const OURS = 'latchkey'

/** The settings that name the user's home, and the folder for such things where there is one. */
const SETTINGS = { win32: ['USERPROFILE', 'APPDATA'], darwin: ['HOME', undefined] } as const

/**
 * The user's config folder for Latchkey. The home, such as `os.homedir`, is asked for only where it is needed.
 *
 * @throws `TokenError` `store_unusable` for a user without a home.
 * @see {@link https://specifications.freedesktop.org/basedir-spec/latest/ | XDG Base Directory Specification}
 */
export function configFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string | (() => string),
): string {
  const paths = platform === 'win32' ? path.win32 : path.posix
  const [homeSetting, setting] = isOther(platform) ? SETTINGS[platform] : ['HOME', 'XDG_CONFIG_HOME']
  const given = setting === undefined ? '' : (env[setting] ?? '')
  // > All paths set in these environment variables must be absolute. If an implementation encounters a relative path
  // > … it should consider the path invalid and ignore it.
  if (paths.isAbsolute(given)) return paths.join(given, OURS)
  const known = typeof home === 'string' ? home : ifKnown(home)
  if (paths.isAbsolute(known)) return paths.join(known, ...usual(platform), OURS)
  const or = setting === undefined ? '' : `, or ${setting},`
  throw unusable(homeSetting, `names no folder to keep tokens in: set it${or} to an absolute path`)
}

const isOther = (platform: NodeJS.Platform): platform is keyof typeof SETTINGS =>
  Object.hasOwn(SETTINGS, platform)

/** For a user who is in no list of users the system throws, and says nothing that would help. */
function ifKnown(home: () => string): string {
  try {
    return home()
  } catch {
    return ''
  }
}

function usual(platform: NodeJS.Platform): readonly string[] {
  if (platform === 'win32') return ['AppData', 'Roaming']
  return platform === 'darwin' ? ['Library', 'Application Support'] : ['.config']
}
