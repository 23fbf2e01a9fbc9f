import { TokenError } from './errors.js'

/** Why tokens cannot be kept there, and what to do; a cause must hold nothing of a file's content. */
export function unusable(path: string, problem: string, cause?: unknown): TokenError {
  const options = cause === undefined ? {} : { cause }
  return new TokenError('store_unusable', `${path} ${problem}`, {
    ...options,
    status: 503,
    error: 'store_unusable',
  })
}

const REMEDY: Readonly<Record<string, string>> = {
  EACCES: 'you may not: give yourself the right to, or keep tokens in another folder',
  EPERM: 'you may not: give yourself the right to, or keep tokens in another folder',
  EROFS: 'it cannot be written there: keep tokens in another folder',
  ENOSPC: 'the disk is full: make room',
  EDQUOT: 'your share of the disk is full: make room',
  EFBIG: 'files may not become that large: raise the limit',
}

/**
 * Runs a step that touches files.
 *
 * @throws `TokenError` `store_unusable` for what the file system refuses.
 */
export async function usingFiles<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    const code = errorCode(error)
    if (code === undefined) throw error
    throw unusable(path, `cannot be used (${code}): ${REMEDY[code] ?? 'see what is there'}`, error)
  }
}

/** The name of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  const { syscall, code } = (error ?? {}) as Partial<NodeJS.ErrnoException>
  return syscall === undefined ? undefined : code
}

/** What a step gives, or `undefined` when it meets one of these system errors. */
export async function unless<T>(codes: readonly string[], step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step()
  } catch (error) {
    if (codes.includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}
