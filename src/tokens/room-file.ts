import fs, { type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { HeldFileLock } from './file-lock.js'
import { createPrivateFile, syncFolder } from './private-folder.js'
import { unless, unusable, usingFiles } from './unusable-file.js'

/** Milliseconds for which a file may be open elsewhere, on systems where that is in the way. */
const IN_USE = 1000

/** A temporary file with room for what is to be written. */
export interface RoomFile {
  /**
   * Puts a text in the place of a file, whole, or not at all.
   *
   * @returns whether it did: not, when the lock is no longer ours.
   * @throws `TokenError` `store_unusable`
   */
  replace(file: string, text: string): Promise<boolean>
  /** Removes it, if it is still there. */
  remove(): Promise<void>
}

/**
 * Takes bytes of the disk in advance.
 *
 * @throws `TokenError` `store_unusable`. Then nothing is left of it.
 */
export async function makeRoomFile(lock: HeldFileLock, bytes: number): Promise<RoomFile> {
  const temporary = lock.temporary()
  const handle = await createPrivateFile(temporary)
  if (handle === undefined) throw unusable(temporary, 'is in the way: remove it')
  const room: RoomFile = {
    replace: (file, text) =>
      usingFiles(file, async () => {
        await fill(handle, Buffer.from(text))
        await handle.close()
        if (!(await lock.isOurs())) return false
        return await moveOver(temporary, file)
      }),
    async remove() {
      await handle.close().catch(() => undefined)
      await fs.rm(temporary, { force: true }).catch(() => undefined)
    },
  }
  try {
    await usingFiles(temporary, () => fill(handle, Buffer.alloc(bytes, ' ')))
  } catch (error) {
    await room.remove()
    throw error
  }
  return room
}

/** Over what is there, so that its room is not given back in between. */
async function fill(handle: FileHandle, content: Buffer): Promise<void> {
  for (let done = 0; done < content.length;) {
    done += (await handle.write(content, done, content.length - done, done)).bytesWritten
  }
  await handle.truncate(content.length)
  await handle.sync()
}

/** If the temporary file is gone, the next holder of the lock has removed it. */
async function moveOver(temporary: string, file: string): Promise<boolean> {
  const moved = await unless(['ENOENT'], async () => {
    await renamePatiently(temporary, file)
    return true
  })
  if (moved === true) await syncFolder(path.dirname(file))
  return moved ?? false
}

/** Windows does not replace a file while somebody reads it. */
async function renamePatiently(from: string, to: string): Promise<void> {
  const deadline = performance.now() + (process.platform === 'win32' ? IN_USE : 0)
  for (;;) {
    const inUse = performance.now() < deadline ? ['EPERM', 'EACCES', 'EBUSY'] : []
    const done = await unless(inUse, async () => {
      await fs.rename(from, to)
      return true
    })
    if (done === true) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
