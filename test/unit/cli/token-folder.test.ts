import { afterEach, describe, expect, test } from '@jest/globals'
import { Interrupted } from '../../../src/cli/errors.js'
import { createTokenFolder } from '../../../src/cli/token-folder.js'
import type { TokenSet } from '../../../src/tokens/token-set.js'
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'

afterEach(removeTemporaryFolders)

const tokens: TokenSet = { accessToken: 'new', tokenType: 'bearer', obtainedAt: 1000, expiresAt: 2000 }

function start(home = temporaryFolder(), env: Record<string, string> = {}) {
  const interruption = new AbortController()
  const { signal } = interruption
  const folder = createTokenFolder({ env, platform: 'linux', home: () => home, signal })
  return { interruption, folder, home }
}

describe('createTokenFolder', () => {
  test('CL-06 a change that waits for its turn when it is interrupted never begins, and nobody waits for it', async () => {
    const other = start()
    const { interruption, folder } = start(other.home)
    const store = (await folder.load()).store('a', 5)
    let finish = (): void => undefined
    let begun = (): void => undefined
    const isBusy = new Promise<void>((resolve) => (begun = resolve))
    const held = (await other.folder.load()).store('a', 5).update(async (kept) => {
      begun()
      await new Promise<void>((resolve) => (finish = resolve))
      return kept
    })
    await isBusy
    let hasRun = false
    const waiting = store.update((kept) => {
      hasRun = true
      return Promise.resolve(kept)
    })
    const refused = expect(waiting).rejects.toBeInstanceOf(Interrupted)
    interruption.abort(new Interrupted())

    // The lock is not free yet: to wait for the change would be to wait for ever.
    await folder.settled()
    finish()
    await held
    await refused
    expect(hasRun).toBe(false)
  })

  test('CL-02 a change that has begun when it is interrupted is waited for, and kept', async () => {
    const { interruption, folder } = start()
    const store = (await folder.load()).store('a', 5)
    let finish = (): void => undefined
    let begun = (): void => undefined
    const isBusy = new Promise<void>((resolve) => (begun = resolve))
    const change = store.update(async () => {
      begun()
      await new Promise<void>((resolve) => (finish = resolve))
      return tokens
    })
    await isBusy
    interruption.abort(new Interrupted())
    let isSettled = false
    const settled = folder.settled().then(() => (isSettled = true))
    await store.read()
    expect(isSettled).toBe(false)

    finish()
    await settled
    expect(await store.read()).toEqual(tokens)
    await change
  })

  test('a user without a home may name the folder by XDG_CONFIG_HOME, and is told so', async () => {
    const home = (): string => {
      throw Object.assign(new Error('no'), { code: 'ERR_SYSTEM_ERROR' })
    }
    const { signal } = new AbortController()
    const common = { platform: 'linux', home, signal } as const
    await expect(createTokenFolder({ ...common, env: {} }).load()).rejects.toMatchObject({
      code: 'store_unusable',
      message: expect.stringMatching(/HOME .* XDG_CONFIG_HOME/) as unknown,
    })
    const XDG_CONFIG_HOME = temporaryFolder()
    const folder = createTokenFolder({ ...common, env: { XDG_CONFIG_HOME } })
    expect((await folder.load()).path).toContain(XDG_CONFIG_HOME)
  })
})
