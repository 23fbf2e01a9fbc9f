import { constants } from 'node:fs'
import fs, { type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { unless, unusable, usingFiles } from './unusable-file.js'

type Kind = 'folder' | 'file'

// Windows has neither modes nor these flags; there the user's folder is the user's by inheritance.
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants
const HAS_MODES = process.geteuid !== undefined
const OPEN = { folder: O_RDONLY | O_DIRECTORY | O_NOFOLLOW, file: O_RDONLY | O_NONBLOCK | O_NOFOLLOW }
const MODE = { folder: 0o700, file: 0o600 }
const OTHERS = 0o077

/**
 * Whether there is a folder, which from then on only we can look into.
 *
 * @throws `TokenError` `store_unusable` when it is a link, no folder, or somebody else's.
 */
export async function findPrivateFolder(folder: string): Promise<boolean> {
  return usingFiles(folder, () => findFolder(folder, { isNew: false }))
}

/**
 * Sees to it that there is such a folder.
 *
 * @throws `TokenError` `store_unusable` as above, or when it cannot be made.
 */
export async function makePrivateFolder(folder: string): Promise<void> {
  await usingFiles(folder, async () => {
    // Those above may be links, and others may use them: a folder of ours in them is safe all the same.
    await fs.mkdir(path.dirname(folder), { recursive: true, mode: MODE.folder })
    const made = await unless(['EEXIST'], async () => {
      await fs.mkdir(folder, { mode: MODE.folder })
      return true
    })
    if (!(await findFolder(folder, { isNew: made === true })))
      throw unusable(folder, 'was removed a moment ago: try again')
  })
}

/**
 * Opens a file for reading, which from then on only we can read; `undefined` without one.
 *
 * @throws `TokenError` `store_unusable` when it is a link, no regular file, or somebody else's.
 */
export async function openPrivateFile(file: string): Promise<FileHandle | undefined> {
  return usingFiles(file, () => openOurs(file, 'file'))
}

/**
 * Creates a file that only we can read, whatever the umask is; `undefined` when there is something of that name.
 *
 * @throws `TokenError` `store_unusable`
 */
export async function createPrivateFile(file: string): Promise<FileHandle | undefined> {
  return usingFiles(file, async () => {
    const handle = await unless(['EEXIST'], () =>
      fs.open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE.file),
    )
    if (HAS_MODES) await handle?.chmod(MODE.file)
    return handle
  })
}

/** Makes the names in a folder last through a power cut, where the system can do that. */
export async function syncFolder(folder: string): Promise<void> {
  if (!HAS_MODES) return
  const handle = await fs.open(folder, OPEN.folder)
  try {
    await unless(['EINVAL', 'ENOTSUP'], () => handle.sync())
  } finally {
    await handle.close()
  }
}

async function findFolder(folder: string, { isNew }: { readonly isNew: boolean }): Promise<boolean> {
  if (!HAS_MODES) return await isThere(folder, 'folder')
  const handle = await openOurs(folder, 'folder')
  try {
    // A umask takes rights away, ours too.
    if (isNew) await handle?.chmod(MODE.folder)
  } finally {
    await handle?.close()
  }
  return handle !== undefined
}

/** What is judged and made safe is what was opened, whatever takes its name meanwhile. */
async function openOurs(name: string, kind: Kind): Promise<FileHandle | undefined> {
  if (!(await isThere(name, kind))) return undefined
  const handle = await unless(['ENOENT'], () => fs.open(name, OPEN[kind]))
  try {
    if (HAS_MODES && handle !== undefined) await makeSafe(handle, name, kind)
  } catch (error) {
    await handle?.close()
    throw error
  }
  return handle
}

/** Names what is wrong with a link, which opening it would only call ELOOP, or not notice, as on Windows. */
async function isThere(name: string, kind: Kind): Promise<boolean> {
  const stats = await unless(['ENOENT'], () => fs.lstat(name))
  if (stats?.isSymbolicLink() === true) throw unusable(name, 'is a symbolic link: remove it')
  if (stats !== undefined && !(kind === 'folder' ? stats.isDirectory() : stats.isFile())) {
    throw unusable(
      name,
      kind === 'folder' ? 'is not a folder: remove it' : 'is not a regular file: remove it',
    )
  }
  return stats !== undefined
}

async function makeSafe(handle: FileHandle, name: string, kind: Kind): Promise<void> {
  const stats = await handle.stat()
  if (!(kind === 'folder' ? stats.isDirectory() : stats.isFile())) {
    throw unusable(name, `was replaced by something that is not a ${kind}: remove it`)
  }
  if (stats.uid !== process.geteuid?.()) {
    throw unusable(name, 'belongs to another user: remove it, or keep tokens in another folder')
  }
  if (kind === 'file' && stats.nlink > 1) {
    throw unusable(name, 'has a second name, a hard link: remove it and sign in again')
  }
  if ((stats.mode & OTHERS) !== 0) await handle.chmod(MODE[kind])
}
