import { describe, expect, test } from '@jest/globals'
import { forOneToken } from '../../../src/cli/kept-login.js'
import type { TokenSet } from '../../../src/tokens/token-set.js'
import { memoryStore } from './in-process.js'

const kept: TokenSet = {
  accessToken: 'kept',
  tokenType: 'bearer',
  refreshToken: 'first',
  obtainedAt: 1000,
  expiresAt: 301_000,
}
const other: TokenSet = { ...kept, accessToken: 'narrow', refreshToken: 'second', obtainedAt: 2000 }

describe('forOneToken', () => {
  test('shows the kept token as due, so that it is renewed', async () => {
    const store = forOneToken(memoryStore(kept))
    expect((await store.read())?.expiresAt).toBe(kept.obtainedAt)
    await store.update((seen) => {
      expect(seen?.expiresAt).toBe(kept.obtainedAt)
      return Promise.resolve(seen)
    })
  })

  test('gives the new token out as it is, and keeps it as due, with its refresh token', async () => {
    const inner = memoryStore(kept)
    expect(await forOneToken(inner).update(() => Promise.resolve(other))).toEqual(other)
    expect(await inner.read()).toEqual({ ...other, expiresAt: other.obtainedAt })
  })

  test('leaves the kept token as it was when nothing came, but for a newer refresh token', async () => {
    const inner = memoryStore(kept)
    await forOneToken(inner).update((seen) => Promise.resolve(seen && { ...seen, refreshToken: 'second' }))
    expect(await inner.read()).toEqual({ ...kept, refreshToken: 'second' })
  })

  test('forgets what the work forgets, and keeps nothing of a work that fails', async () => {
    const inner = memoryStore(kept)
    const failing = forOneToken(inner).update(() => Promise.reject(new Error('no')))
    await expect(failing).rejects.toThrow('no')
    expect(await inner.read()).toEqual(kept)
    await forOneToken(inner).update(() => Promise.resolve(undefined))
    expect(await inner.read()).toBeUndefined()
  })
})
