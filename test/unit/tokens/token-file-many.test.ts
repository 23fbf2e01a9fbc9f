import fs from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createTokenFile } from '../../../src/tokens/token-file.js'
import type { TokenStore } from '../../../src/tokens/token-store.js'
import { modeOf, removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'
import { NOBODY, TokenFileProgram } from '../../support/token-file-process.js'
import { until } from '../../support/until.js'

const DUE = { accessToken: 'due', tokenType: 'bearer', obtainedAt: 1000, expiresAt: 2000 }
const HAS_ROOT = process.getuid?.() === 0

let program: TokenFileProgram
let above: string
let folder: string
let file: string
let log: string
let store: TokenStore
beforeAll(() => {
  program = new TokenFileProgram()
})
beforeEach(async () => {
  above = temporaryFolder()
  folder = path.join(above, 'latchkey')
  file = path.join(folder, 'tokens.json')
  log = path.join(above, 'log')
  fs.writeFileSync(log, '')
  store = createTokenFile({ folder, name: 'one' })
  await store.update(() => Promise.resolve(DUE))
})
afterEach(() => {
  if (fs.existsSync(folder)) fs.chmodSync(folder, 0o700)
})
afterAll(async () => {
  await program.end()
  removeTemporaryFolders()
})

const refreshes = (): number => fs.readFileSync(log, 'utf8').split('\n').length - 1
const kept = async (): Promise<string | undefined> => (await store.read())?.accessToken
const leftovers = (): readonly string[] => fs.readdirSync(folder).filter((name) => name.endsWith('.tmp'))
const locks = (): readonly string[] =>
  fs.readdirSync(folder).filter((name) => name.startsWith('tokens.lock.'))

/** Stops a process, and has its lock look like one of another machine, of whose processes nothing is known. */
function stopElsewhere({ child }: ReturnType<TokenFileProgram['start']>): void {
  const [lock = ''] = locks()
  const content = JSON.parse(fs.readFileSync(path.join(folder, lock), 'utf8')) as object
  child.kill('SIGSTOP')
  fs.writeFileSync(path.join(folder, lock), JSON.stringify({ ...content, place: 'elsewhere' }))
}

describe('CL-04 many commands at once', () => {
  test('twenty on a token that is due make one refresh, and all have its token', async () => {
    const all = Array.from({ length: 20 }, () => program.start({ folder, log, takes: 300 }))
    const tokens = await Promise.all(all.map(async (one) => (await one.result()).token))
    expect(refreshes()).toBe(1)
    expect(new Set(tokens)).toEqual(new Set([await kept()]))
    expect(await kept()).toMatch(/^of \d+ $/)
    expect([leftovers(), locks()]).toEqual([[], [expect.any(String)]])
  })

  test('when the one is killed that holds the lock, another goes on at once, and one of them alone', async () => {
    const first = program.start({ folder, log, hold: true })
    await first.working()
    const others = Array.from({ length: 5 }, () => program.start({ folder, log, takes: 300 }))
    // They have come to the lock, for all we can see.
    await expect(
      createTokenFile({ folder, name: 'one', patience: 1 }).update(() => Promise.reject(new Error())),
    ).rejects.toMatchObject({ message: expect.stringContaining(`was held by process ${first.pid} `) })
    await first.kill()
    const ended = performance.now()
    await until(() => refreshes() === 2 || undefined)
    expect(performance.now() - ended).toBeLessThan(2000)
    const tokens = await Promise.all(others.map(async (one) => (await one.result()).token))
    expect([refreshes(), leftovers()]).toEqual([2, []])
    expect(new Set(tokens)).toEqual(new Set([await kept()]))
    expect(await kept()).toMatch(/^of/)
  })

  test('one that is stopped, or busy, keeps the lock as long as it lives: it may have spent the refresh token', async () => {
    const stopped = program.start({ folder, log, hold: true })
    await stopped.working()
    stopped.child.kill('SIGSTOP')
    await expect(program.start({ folder, log, patience: 5 }).result()).resolves.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`was held by process ${stopped.pid} `),
    })
    stopped.child.kill('SIGCONT')
    stopped.goOn()
    const { token } = await stopped.result()
    expect(token).toBe(`of ${stopped.pid} `)
    expect(await kept()).toBe(token)
    expect(refreshes()).toBe(1)
  })

  test('one of another machine that was stopped loses the lock after 3 s, and neither token is lost to an older one', async () => {
    const stopped = program.start({ folder, log, hold: true })
    await stopped.working()
    stopElsewhere(stopped)
    const next = await program.start({ folder, log }).result()
    expect(await kept()).toBe(next.token)
    stopped.child.kill('SIGCONT')
    stopped.goOn()
    // It began before the other: what the other got is newer.
    expect(await stopped.result()).toEqual(next)
    expect([await kept(), leftovers()]).toEqual([next.token, []])
  })

  test('one of another machine that was stopped keeps its token, if it is the newest', async () => {
    const stopped = program.start({ folder, log, hold: true })
    await stopped.working()
    stopElsewhere(stopped)
    await store.update((tokens) => Promise.resolve(tokens && { ...tokens, obtainedAt: 1001 }))
    stopped.child.kill('SIGCONT')
    stopped.goOn()
    const { token } = await stopped.result()
    expect(token).toBe(`of ${stopped.pid} `)
    expect([await kept(), leftovers()]).toEqual([token, []])
  })

  test('who signed out while one of another machine was stopped stays signed out', async () => {
    const stopped = program.start({ folder, log, hold: true })
    await stopped.working()
    stopElsewhere(stopped)
    await store.update(() => Promise.resolve(undefined))
    stopped.child.kill('SIGCONT')
    stopped.goOn()
    expect(await stopped.result()).toEqual({})
    expect(await kept()).toBeUndefined()
  })

  test('a token outlives the removal of its folder while it was fetched', async () => {
    const one = program.start({ folder, log, hold: true, name: 'another' })
    await one.working()
    fs.rmSync(folder, { recursive: true })
    one.goOn()
    const { token } = await one.result()
    expect(token).toBe(`of ${one.pid} `)
    expect((await createTokenFile({ folder, name: 'another' }).read())?.accessToken).toBe(token)
  })
})

describe('CL-04 a place that cannot be written fails before a token is spent', () => {
  test('a folder', async () => {
    if (HAS_ROOT) for (const name of [folder, file, ...locks()]) giveAway(name)
    fs.chmodSync(folder, 0o500)
    const result = await program.start({ folder, log }, HAS_ROOT ? { uid: NOBODY } : {}).result()
    expect(result).toMatchObject({
      code: 'store_unusable',
      message: expect.stringMatching(
        `^${folder}/tokens\\.lock\\.2 cannot be used \\(EACCES\\): you may not: `,
      ),
    })
    expect(fs.readdirSync(folder).sort()).toEqual(['tokens.json', 'tokens.lock.1'])
  })

  test.each([
    ['for the lock', 0, 'tokens\\.lock\\.2'],
    ['for the tokens', 20, 'tokens\\.2-[0-9a-f]+\\.tmp'],
  ])('no room, %s', async (_what, fileLimit, name) => {
    const one = program.start({ folder, log }, { fileLimit })
    expect(await one.result()).toMatchObject({
      code: 'store_unusable',
      message: expect.stringMatching(`^${folder}/${name} cannot be used \\(EFBIG\\): `),
    })
    expect([await kept(), leftovers()]).toEqual(['due', []])
    expect((await program.start({ folder, patience: 0 }).result()).token).toMatch(/^of /)
  })

  afterEach(() => {
    expect(refreshes()).toBe(0)
  })
})

describe('CL-03 a file is private from its first byte, and whole', () => {
  test.each(['000', '022', '277'])('under umask %s', async (digits) => {
    const umask = Number.parseInt(digits, 8)
    fs.rmSync(folder, { recursive: true })
    const one = program.start({ folder, umask, hold: true })
    await one.working()
    const modes = (): readonly string[] =>
      fs.readdirSync(folder).map((name) => modeOf(path.join(folder, name)))
    expect([modeOf(folder), modes()]).toEqual(['700', ['600', '600']])
    one.goOn()
    await one.result()
    expect([modes(), fs.readdirSync(folder)]).toEqual([
      ['600', '600'],
      ['tokens.json', 'tokens.lock.1'],
    ])
  })

  test('when writing fails halfway, the old content stays and nothing else', async () => {
    const one = program.start({ folder, log, size: 100_000 }, { fileLimit: 80 })
    expect(await one.result()).toMatchObject({
      code: 'store_unusable',
      message: expect.stringMatching(`^${file} cannot be used \\(EFBIG\\): `),
    })
    expect([refreshes(), await kept(), leftovers()]).toEqual([1, 'due', []])
  })

  test('when it is killed halfway, the old content stays, and the next removes what it left', async () => {
    const one = program.start({ folder, hold: true })
    await one.working()
    await one.kill()
    expect([await kept(), leftovers().length]).toEqual(['due', 1])
    await store.update((tokens) => Promise.resolve(tokens))
    expect([await kept(), leftovers()]).toEqual(['due', []])
  })
})

function giveAway(name: string): void {
  fs.chmodSync(above, 0o755)
  fs.chmodSync(log, 0o666)
  fs.chownSync(path.resolve(folder, name), NOBODY, NOBODY)
}
