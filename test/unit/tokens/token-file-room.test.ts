import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { HeldFileLock } from '../../../src/tokens/file-lock.js'
import { makeRoomFile } from '../../../src/tokens/room-file.js'
import { modeOf, removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'

afterAll(removeTemporaryFolders)

let temporary: string
let file: string
beforeEach(() => {
  const folder = temporaryFolder()
  temporary = path.join(folder, 'temporary')
  file = path.join(folder, 'file')
  fs.writeFileSync(file, 'old')
})

const lock = (isOurs: boolean): HeldFileLock => ({
  isOurs: () => Promise.resolve(isOurs),
  temporary: () => temporary,
  release: () => Promise.resolve(),
})
const content = (): string => fs.readFileSync(file, 'utf8')

describe('CL-03 a file is replaced whole', () => {
  test('not by a temporary file whose name is taken, were it by a link', async () => {
    const outside = path.join(temporaryFolder(), 'outside')
    fs.symlinkSync(outside, temporary)
    await expect(makeRoomFile(lock(true), 10)).rejects.toMatchObject({
      code: 'store_unusable',
      message: `${temporary} is in the way: remove it`,
    })
    expect([fs.existsSync(outside), content()]).toEqual([false, 'old'])
  })

  test('not by who has lost the lock', async () => {
    const room = await makeRoomFile(lock(false), 10)
    expect([await room.replace(file, 'new'), content()]).toEqual([false, 'old'])
    await room.remove()
    expect(fs.existsSync(temporary)).toBe(false)
  })

  test('not by who has lost the lock since it was asked for: the next holder has removed the temporary file', async () => {
    const room = await makeRoomFile(lock(true), 10)
    fs.rmSync(temporary)
    expect([await room.replace(file, 'new'), content()]).toEqual([false, 'old'])
    await room.remove()
  })

  test.each([5, 100_000])('by one with room for %d bytes, of which it needs others', async (bytes) => {
    const room = await makeRoomFile(lock(true), bytes)
    expect([fs.statSync(temporary).size, modeOf(temporary)]).toEqual([bytes, '600'])
    expect([await room.replace(file, 'new content'), content()]).toEqual([true, 'new content'])
    await room.remove()
    expect([fs.existsSync(temporary), modeOf(file)]).toEqual([false, '600'])
  })
})
