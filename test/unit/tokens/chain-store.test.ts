import { describe, expect, test } from '@jest/globals'
import { TokenError } from '../../../src/tokens/errors.js'
import { MemoryStore, World } from './chain-world.js'

const WANTED = { scope: undefined, refreshBefore: 10 }

describe('a chain whose store does not do', () => {
  test('CL-04 while nobody gets the lock in time, a kept token that still lasts is given out', async () => {
    const world = new World()
    world.isQuick = true
    const kept = { ...world.expired(world.signIn()), expiresAt: world.now + 5000 }
    const store = {
      read: () => Promise.resolve(kept),
      update: () =>
        Promise.reject(
          new TokenError('unavailable', 'the lock is held', {
            status: 503,
            error: 'temporarily_unavailable',
          }),
        ),
    }
    const chain = world.chain({ store })
    expect((await chain.get(WANTED)).accessToken).toBe(kept.accessToken)
    world.now += 5001
    await expect(chain.get(WANTED)).rejects.toMatchObject({ code: 'unavailable' })
    expect(world.calls).toBe(0)
  })

  test('what could not be stored is what is revoked', async () => {
    const world = new World()
    world.isQuick = true
    const store = new MemoryStore()
    const first = world.signIn()
    await store.update(() => Promise.resolve(world.expired(first)))
    const chain = world.chain({ store })
    store.isBroken = true
    await expect(chain.get(WANTED)).rejects.toThrow('the disk is full')
    store.isBroken = false
    await chain.revoke()
    expect(world.revoked).toHaveLength(1)
    expect(world.revoked).not.toContain(first)
    expect(store.kept).toBeUndefined()
  })

  test('a client that is refused takes no good token from the others', async () => {
    const world = new World()
    world.isQuick = true
    world.givesRefreshToken = false
    const store = new MemoryStore()
    const chain = world.chain({ store, grant: world.grant('repeatable') })
    const { accessToken } = await chain.get(WANTED)
    world.fates = ['client refused']
    await expect(chain.renew(WANTED)).rejects.toMatchObject({ code: 'client_refused' })
    expect(store.kept?.accessToken).toBe(accessToken)
  })
})
