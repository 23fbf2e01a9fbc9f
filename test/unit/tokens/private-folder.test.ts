import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  createPrivateFile,
  findPrivateFolder,
  makePrivateFolder,
  openPrivateFile,
} from '../../../src/tokens/private-folder.js'
import { modeOf, removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'
import { NOBODY } from '../../support/token-file-process.js'

afterAll(removeTemporaryFolders)

let above: string
let folder: string
let outside: string
beforeEach(() => {
  above = temporaryFolder()
  folder = path.join(above, 'latchkey')
  outside = path.join(above, 'outside')
})

/** Refused in words that begin with the path, and with no other. */
const refusal = (name: string, why: string): unknown =>
  expect.objectContaining({
    code: 'store_unusable',
    status: 503,
    error: 'store_unusable',
    message: expect.stringMatching(`^${name} ${why}`),
  })

/** As root we can give something away; otherwise there is enough that is root's. */
function givenAway(name: string, ofRoot: string): string {
  if (process.getuid?.() !== 0) return ofRoot
  fs.chownSync(name, NOBODY, NOBODY)
  return name
}

describe('CL-03 the folder', () => {
  const uses: [string, (folder: string) => Promise<unknown>][] = [
    ['looked for', findPrivateFolder],
    ['made', makePrivateFolder],
  ]

  test.each(uses)('%s: a link to a folder is refused, and that folder stays as it was', async (_how, use) => {
    fs.mkdirSync(outside, { mode: 0o755 })
    fs.symlinkSync(outside, folder)
    await expect(use(folder)).rejects.toEqual(refusal(folder, 'is a symbolic link: remove it'))
    expect([modeOf(outside), fs.readdirSync(outside)]).toEqual(['755', []])
  })

  test.each(uses)('%s: a link to nothing is refused, and nothing is made there', async (_how, use) => {
    fs.symlinkSync(outside, folder)
    await expect(use(folder)).rejects.toEqual(refusal(folder, 'is a symbolic link'))
    expect(fs.existsSync(outside)).toBe(false)
  })

  test.each(uses)('%s: a file is refused', async (_how, use) => {
    fs.writeFileSync(folder, '')
    await expect(use(folder)).rejects.toEqual(refusal(folder, 'is not a folder'))
  })

  test.each(uses)('%s: that of somebody else is refused', async (_how, use) => {
    fs.mkdirSync(folder, { mode: 0o755 })
    const theirs = givenAway(folder, '/usr')
    await expect(use(theirs)).rejects.toEqual(refusal(theirs, 'belongs to another user'))
    expect(modeOf(theirs)).toBe('755')
  })

  test.each(uses)('%s: one that others can look into is made safe', async (_how, use) => {
    fs.mkdirSync(folder)
    fs.chmodSync(folder, 0o755)
    await use(folder)
    expect(modeOf(folder)).toBe('700')
  })

  test('looking for one makes none', async () => {
    expect(await findPrivateFolder(folder)).toBe(false)
    expect(fs.existsSync(folder)).toBe(false)
  })

  test('it is made together with those above it, of which one may be a link', async () => {
    fs.mkdirSync(outside)
    fs.symlinkSync(outside, path.join(above, 'config'))
    const inside = path.join(above, 'config/a/b')
    await makePrivateFolder(inside)
    expect([modeOf(inside), modeOf(path.join(outside, 'a'))]).toEqual(['700', '700'])
    expect(await findPrivateFolder(inside)).toBe(true)
  })

  test('what the system refuses is named', async () => {
    fs.writeFileSync(outside, '')
    const inside = path.join(outside, 'latchkey')
    await expect(makePrivateFolder(inside)).rejects.toEqual(refusal(inside, 'cannot be used \\(E[A-Z]+\\): '))
  })
})

describe('CL-03 a file', () => {
  let file: string
  beforeEach(() => {
    fs.mkdirSync(folder, { mode: 0o700 })
    file = path.join(folder, 'file')
  })

  test('a link is refused, and what it leads to stays as it was', async () => {
    fs.writeFileSync(outside, 'old')
    fs.chmodSync(outside, 0o644)
    fs.symlinkSync(outside, file)
    await expect(openPrivateFile(file)).rejects.toEqual(refusal(file, 'is a symbolic link: remove it'))
    expect(modeOf(outside)).toBe('644')
  })

  test('one with a second name is refused', async () => {
    fs.writeFileSync(outside, 'old')
    fs.chmodSync(outside, 0o644)
    fs.linkSync(outside, file)
    await expect(openPrivateFile(file)).rejects.toEqual(refusal(file, 'has a second name'))
    expect(modeOf(outside)).toBe('644')
  })

  test('a pipe is refused at once, as is a folder', async () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', file])
    await expect(openPrivateFile(file)).rejects.toEqual(refusal(file, 'is not a regular file'))
    await expect(openPrivateFile(folder)).rejects.toEqual(refusal(folder, 'is not a regular file'))
  })

  test('that of somebody else is refused', async () => {
    fs.writeFileSync(file, '')
    fs.chmodSync(file, 0o644)
    const theirs = givenAway(file, '/etc/passwd')
    await expect(openPrivateFile(theirs)).rejects.toEqual(refusal(theirs, 'belongs to another user'))
    expect(modeOf(theirs)).toBe('644')
  })

  test('one that others can read is made safe', async () => {
    fs.writeFileSync(file, 'old')
    fs.chmodSync(file, 0o644)
    const handle = await openPrivateFile(file)
    expect([modeOf(file), await handle?.readFile('utf8')]).toEqual(['600', 'old'])
    await handle?.close()
  })

  test('without one there is none', async () => {
    expect(await openPrivateFile(file)).toBeUndefined()
  })

  test('a new one takes the place of nothing, and follows no link', async () => {
    fs.symlinkSync(outside, file)
    expect(await createPrivateFile(file)).toBeUndefined()
    fs.writeFileSync(outside, 'old')
    expect(await createPrivateFile(file)).toBeUndefined()
    expect(fs.readFileSync(outside, 'utf8')).toBe('old')
  })
})
