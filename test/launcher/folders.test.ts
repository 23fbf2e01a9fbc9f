import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ownFolder } from '../../keycloak/lib/folders.mjs'
import { KEYCLOAK, Sandbox } from './sandbox.js'

const ANY_PORT = { KEYCLOAK_PORT: '18500', KEYCLOAK_MANAGEMENT_PORT: '0' }

let box: Sandbox
beforeEach(() => {
  box = new Sandbox('läunch & wörk')
})
afterEach(() => box.remove())

/** Runs the server once, to its end. */
async function start(env: NodeJS.ProcessEnv = {}, args: string[] = []): Promise<string> {
  const run = box.run(KEYCLOAK, { ...ANY_PORT, ...env }, args)
  await run.until('Keycloak is ready.')
  run.child.kill('SIGTERM')
  expect(await run.ended()).toBe(0)
  return run.output()
}

/** A folder of somebody's with something in it. */
function outside(): string {
  const folder = box.path('outside')
  mkdirSync(folder)
  writeFileSync(join(folder, 'precious'), 'mine')
  return folder
}

function expectUntouched(folder: string): void {
  expect(readdirSync(folder)).toEqual(['precious'])
  expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('mine')
}

describe('folders of others are refused by name', () => {
  const folders = { cache: () => box.cache, state: () => box.state }

  test.each(['cache', 'state'] as const)('LA-05 the %s folder is a symbolic link', async (which) => {
    const [path, target] = [folders[which](), outside()]
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(target, path)
    expect(await box.fail(KEYCLOAK, ANY_PORT)).toContain(`${path} is a symbolic link`)
    expectUntouched(target)
  })

  test.each(['cache', 'state'] as const)('LA-05 the %s folder is writable for all', async (which) => {
    mkdirSync(folders[which](), { recursive: true })
    chmodSync(folders[which](), 0o777)
    expect(await box.fail(KEYCLOAK, ANY_PORT)).toContain(`${folders[which]()} is writable for others`)
    expect(readdirSync(folders[which]())).toEqual([])
  })

  test.each(['XDG_CACHE_HOME', 'XDG_STATE_HOME'])('LA-05 %s is writable for all', async (variable) => {
    const path = box.path('shared')
    mkdirSync(path)
    chmodSync(path, 0o777)
    const output = await box.fail(KEYCLOAK, { ...ANY_PORT, [variable]: path })
    expect(output).toContain(`${path} is writable for everybody`)
    expect(output).toContain(variable)
    expect(readdirSync(path)).toEqual([])
  })

  test('LA-05 a folder of another owner', () => {
    // Only root can give a folder away; for everybody else root has one.
    const isRoot = process.getuid?.() === 0
    const path = isRoot ? box.path('given') : '/usr'
    mkdirSync(path, { recursive: true })
    if (isRoot) chownSync(path, 12345, 12345)
    expect(() => ownFolder(path)).toThrow(`${path} belongs to another user`)
  })

  test('LA-05 a file in place of a folder', async () => {
    mkdirSync(dirname(box.cache), { recursive: true })
    writeFileSync(box.cache, 'mine')
    expect(await box.fail(KEYCLOAK, ANY_PORT)).toContain(`${box.cache} is not a folder`)
    expect(readFileSync(box.cache, 'utf8')).toBe('mine')
  })

  test('LA-05 a path that the start script cannot run in', async () => {
    const path = box.path("Conan O'Brien")
    expect(await box.fail(KEYCLOAK, { ...ANY_PORT, XDG_CACHE_HOME: path })).toContain('has an apostrophe')
    expect(existsSync(path)).toBe(false)
  })
})

describe('links inside our folders', () => {
  const memory = () => join(box.state, 'keycloak', '18500')

  test('LA-05 --fresh does not follow the data folder; without it the link is refused', async () => {
    const target = outside()
    await start()
    renameSync(join(memory(), 'keycloak', 'data'), box.path('old'))
    symlinkSync(target, join(memory(), 'keycloak', 'data'))
    expect(await box.fail(KEYCLOAK, ANY_PORT)).toContain('data is a symbolic link')
    expectUntouched(target)
    await start({}, ['--fresh'])
    expectUntouched(target)
  })

  test('LA-05 --fresh refuses a memory that is a link', async () => {
    const target = outside()
    mkdirSync(dirname(memory()), { recursive: true, mode: 0o700 })
    symlinkSync(target, memory())
    expect(await box.fail(KEYCLOAK, ANY_PORT, ['--fresh'])).toContain(`${memory()} is a symbolic link`)
    expectUntouched(target)
  })

  test('LA-05 files that became links are replaced, what is behind them stays', async () => {
    const target = join(outside(), 'precious')
    await start()
    for (const file of ['keycloak.log', 'memory.json']) {
      renameSync(join(memory(), file), box.path(file))
      symlinkSync(target, join(memory(), file))
    }
    expect(await box.fail(KEYCLOAK, ANY_PORT)).toContain('memory.json cannot be read')
    await start({}, ['--fresh'])
    expectUntouched(dirname(target))
    expect(readFileSync(join(memory(), 'keycloak.log'), 'utf8')).toContain('Listening on')
  })
})

describe('what is kept', () => {
  test('LA-05 belongs to the person alone, also without a umask', async () => {
    const umask = process.umask(0)
    try {
      await start()
    } finally {
      process.umask(umask)
    }
    for (const path of [box.cache, box.state, join(box.state, 'keycloak', '18500')]) {
      expect([path, statSync(path).mode & 0o077]).toEqual([path, 0])
    }
    expect(statSync(join(box.state, 'keycloak/18500/memory.json')).mode & 0o077).toBe(0)
  })
})
