import fs from 'node:fs'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createTokenFile } from '../../../src/tokens/token-file.js'
import type { TokenSet } from '../../../src/tokens/token-set.js'
import type { TokenStore } from '../../../src/tokens/token-store.js'
import { modeOf, removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'

afterAll(removeTemporaryFolders)

const OLD: TokenSet = { accessToken: 'old', tokenType: 'bearer', obtainedAt: 1000, expiresAt: 2000 }
const NEW: TokenSet = { ...OLD, accessToken: 'new', refreshToken: 'next', obtainedAt: 3000, expiresAt: 4000 }

let folder: string
let file: string
let store: TokenStore
beforeEach(() => {
  folder = path.join(temporaryFolder(), 'latchkey')
  file = path.join(folder, 'tokens.json')
  store = createTokenFile({ folder, name: 'one' })
})

const keep = (tokens: TokenSet | undefined, into = store): Promise<TokenSet | undefined> =>
  into.update(() => Promise.resolve(tokens))
const contents = (): unknown => JSON.parse(fs.readFileSync(file, 'utf8'))
/** What is beside the file, but for the lock. */
const leftovers = (): readonly string[] => fs.readdirSync(folder).filter((name) => name.endsWith('.tmp'))
const refusal = (why: string): unknown =>
  expect.objectContaining({
    code: 'store_unusable',
    status: 503,
    message: expect.stringMatching(`^${file} ${why}`),
  })

describe('CL-04 what is kept', () => {
  test('where nothing is kept, there is nothing, and looking makes nothing', async () => {
    expect(await store.read()).toBeUndefined()
    expect(fs.existsSync(folder)).toBe(false)
    fs.mkdirSync(folder)
    expect(await store.read()).toBeUndefined()
    expect(fs.readdirSync(folder)).toEqual([])
  })

  test('is what work returned, and is handed to the next', async () => {
    expect(await keep(OLD)).toEqual(OLD)
    expect(await store.read()).toEqual(OLD)
    const given: unknown[] = []
    await store.update((kept) => {
      given.push(kept)
      return Promise.resolve(NEW)
    })
    expect(given).toEqual([OLD])
    expect(contents()).toEqual({ version: 1, logins: { one: NEW } })
  })

  test('others keep theirs, and what we do not know of them', async () => {
    await keep(OLD)
    const names = ['two', '__proto__', 'constructor', 'https://id.example/realms/a app']
    for (const name of names) {
      const other = createTokenFile({ folder, name })
      expect(await other.read()).toBeUndefined()
      await keep({ ...OLD, accessToken: name }, other)
    }
    for (const name of names) {
      expect(await createTokenFile({ folder, name }).read()).toEqual({ ...OLD, accessToken: name })
    }
    const text = fs.readFileSync(file, 'utf8').replace('"two": {', '"two": { "later": [1],')
    fs.writeFileSync(file, text)
    await keep(undefined)
    expect(await store.read()).toBeUndefined()
    expect(contents()).toMatchObject({ logins: { two: { accessToken: 'two', later: [1] } } })
  })

  test('a result that says the same is not written', async () => {
    await keep(OLD)
    const { ino } = fs.statSync(file)
    const { accessToken, ...others } = OLD
    await keep({ ...others, refreshToken: undefined, accessToken })
    expect([fs.statSync(file).ino, leftovers()]).toEqual([ino, []])
    await keep(NEW)
    expect(fs.statSync(file).ino).not.toBe(ino)
  })

  test('an error of work is the error, leaves all as it was, and the next goes on at once', async () => {
    await keep(OLD)
    const error = Object.assign(new Error('mine'), { code: 'ENOENT', syscall: 'open' })
    await expect(store.update(() => Promise.reject(error))).rejects.toBe(error)
    expect([await store.read(), leftovers()]).toEqual([OLD, []])
    expect(await keep(NEW, createTokenFile({ folder, name: 'one', patience: 0 }))).toEqual(NEW)
  })

  test('two stores of one process take turns', async () => {
    const other = createTokenFile({ folder, name: 'one' })
    await Promise.all(
      Array.from({ length: 20 }, (_none, index) =>
        (index % 2 === 0 ? store : other).update((kept) =>
          Promise.resolve({ ...OLD, obtainedAt: (kept?.obtainedAt ?? 0) + 1 }),
        ),
      ),
    )
    expect((await store.read())?.obtainedAt).toBe(20)
  })

  test('there is room before work runs, and it is gone afterwards', async () => {
    await keep({ ...OLD, accessToken: 'x'.repeat(5000) })
    const { size } = fs.statSync(file)
    let room = 0
    await store.update((kept) => {
      const [name = ''] = leftovers()
      room = fs.statSync(path.join(folder, name)).blocks * 512
      return Promise.resolve(kept)
    })
    expect(room).toBeGreaterThanOrEqual(size + 16 * 1024)
    expect(leftovers()).toEqual([])
  })
})

describe('CL-03 a file that cannot be used', () => {
  const SECRET = 'eyJhbGciOi'
  test.each([
    ['something else', SECRET, 'is not a file of tokens: remove it and sign in again'],
    ['cut off', `{"version":1,"logins":{"one":{"accessToken":"${SECRET}`, 'is not a file of tokens'],
    ['empty', '', 'is not a file of tokens'],
    ['a list', `["${SECRET}"]`, 'is not a file of tokens'],
    ['without sign-ins', `{"version":1,"logins":["${SECRET}"]}`, 'is not a file of tokens'],
    [
      'of another version',
      `{"version":2,"logins":{"one":"${SECRET}"}}`,
      'is of another version of Latchkey: ',
    ],
    ['with another thing for a login', `{"version":1,"logins":{"one":"${SECRET}"}}`, 'has something else'],
    [
      'with an access token that is none',
      `{"version":1,"logins":{"one":${JSON.stringify({ ...OLD, accessToken: [SECRET] })}}}`,
      'has something else',
    ],
    [
      'with a refresh token that is none',
      `{"version":1,"logins":{"one":${JSON.stringify({ ...OLD, refreshToken: { SECRET } })}}}`,
      'has something else',
    ],
    [
      'with a time that is none',
      `{"version":1,"logins":{"one":${JSON.stringify({ ...OLD, expiresAt: '1' })}}}`,
      '',
    ],
  ])('%s: it is refused by name, not quoted, and stays as it is', async (_what, text, why) => {
    fs.mkdirSync(folder, { mode: 0o700 })
    fs.writeFileSync(file, text)
    let ran = false
    const update = store.update(() => {
      ran = true
      return Promise.resolve(NEW)
    })
    const failures = [store.read(), update].map((attempt) => attempt.catch((thrown: unknown) => thrown))
    for (const error of await Promise.all(failures)) {
      expect(error).toEqual(refusal(why))
      expect(inspect(error, { depth: 9 })).not.toContain(SECRET)
    }
    expect([ran, fs.readFileSync(file, 'utf8'), leftovers()]).toEqual([false, text, []])
  })

  test.each(['read', 'update'] as const)('a link is refused, and its end stays: %s', async (how) => {
    const outside = path.join(folder, '../outside')
    fs.writeFileSync(outside, '{"version":1,"logins":{}}')
    fs.chmodSync(outside, 0o644)
    fs.mkdirSync(folder, { mode: 0o700 })
    fs.symlinkSync(outside, file)
    await expect(how === 'read' ? store.read() : keep(NEW)).rejects.toEqual(refusal('is a symbolic link'))
    expect([modeOf(outside), fs.readFileSync(outside, 'utf8')]).toEqual(['644', '{"version":1,"logins":{}}'])
  })

  test.each(['read', 'update'] as const)('what others can read is made safe: %s', async (how) => {
    await keep(OLD)
    fs.chmodSync(file, 0o644)
    fs.chmodSync(folder, 0o755)
    if (how === 'read') expect(await store.read()).toEqual(OLD)
    else await keep(NEW)
    expect([modeOf(folder), modeOf(file)]).toEqual(['700', '600'])
  })

  test('a folder that is a link is refused, and stays empty', async () => {
    const outside = temporaryFolder()
    fs.symlinkSync(outside, folder)
    await expect(keep(NEW)).rejects.toMatchObject({ message: `${folder} is a symbolic link: remove it` })
    await expect(store.read()).rejects.toMatchObject({ message: `${folder} is a symbolic link: remove it` })
    expect(fs.readdirSync(outside)).toEqual([])
  })
})
