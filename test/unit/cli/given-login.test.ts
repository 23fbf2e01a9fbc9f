import { describe, expect, test } from '@jest/globals'
import { givenLogin } from '../../../src/cli/given-login.js'
import { forOneToken } from '../../../src/cli/kept-login.js'
import type { TokenSet } from '../../../src/tokens/token-set.js'
import { memoryStore } from './in-process.js'

const GIVEN = 'the-first-refresh-token'
const next: TokenSet = {
  accessToken: 'an-access-token',
  tokenType: 'bearer',
  refreshToken: 'the-second-refresh-token',
  obtainedAt: 1000,
  expiresAt: 301_000,
}
const over = { exitCode: 4, message: expect.stringContaining('LATCHKEY_REFRESH_TOKEN') as unknown }

describe('givenLogin', () => {
  test('C000-13 a chain that has died stays dead: nobody gets the first token out of it again', async () => {
    for (const wrap of [(store: typeof inner) => store, forOneToken]) {
      const dying = memoryStore(next)
      expect(await wrap(givenLogin(dying, GIVEN)).update(() => Promise.resolve(undefined))).toBeUndefined()
      const store = wrap(givenLogin(dying, GIVEN))
      await expect(store.read()).rejects.toMatchObject(over)
      let hasRun = false
      const work = (): Promise<TokenSet> => {
        hasRun = true
        return Promise.resolve(next)
      }
      await expect(store.update(work)).rejects.toMatchObject(over)
      expect(hasRun).toBe(false)
      expect(JSON.stringify(await dying.read())).not.toContain('refresh-token')
    }
  })

  const inner = memoryStore()

  test('C000-13 a first token that is dead at once is not sent by the next command, either', async () => {
    const store = givenLogin(inner, GIVEN)
    await store.update((kept) => {
      expect(kept?.refreshToken).toBe(GIVEN)
      return Promise.resolve(undefined)
    })
    await expect(store.read()).rejects.toMatchObject(over)
  })

  test('a fault leaves nothing behind, so that the next command tries', async () => {
    for (const wrap of [(store: typeof inner) => store, forOneToken]) {
      const empty = memoryStore()
      await wrap(givenLogin(empty, GIVEN)).update((kept) => Promise.resolve(kept && { ...kept }))
      expect(await empty.read()).toBeUndefined()
      expect((await wrap(givenLogin(empty, GIVEN)).read())?.refreshToken).toBe(GIVEN)
    }
  })

  test('what came in its place is kept, also when no access token came with it', async () => {
    const empty = memoryStore()
    await givenLogin(empty, GIVEN).update((kept) =>
      Promise.resolve(kept && { ...kept, refreshToken: 'newer' }),
    )
    expect((await givenLogin(empty, GIVEN).read())?.refreshToken).toBe('newer')
    await givenLogin(empty, GIVEN).update(() => Promise.resolve(next))
    expect(await givenLogin(empty, GIVEN).read()).toEqual(next)
  })

  test('the first token itself is not written down', async () => {
    const empty = memoryStore()
    await givenLogin(empty, GIVEN).update((kept) => Promise.resolve(kept && { ...kept }))
    expect(JSON.stringify((await empty.read()) ?? null)).not.toContain(GIVEN)
  })
})
