import { afterAll, describe, expect, test } from '@jest/globals'
import type { Grant } from '../../../src/tokens/grant.js'
import { createTokenFile } from '../../../src/tokens/token-file.js'
import type { TokenStore } from '../../../src/tokens/token-store.js'
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'
import { MemoryStore, settled, World } from './chain-world.js'

const WANTED = { scope: undefined, refreshBefore: 10 }
const DUE = 50_001

afterAll(removeTemporaryFolders)

const STORES: Readonly<Record<string, () => TokenStore>> = {
  'in memory': () => new MemoryStore(),
  'in a file': () => createTokenFile({ name: 'sign-in', folder: temporaryFolder() }),
}

describe.each(Object.entries(STORES))('two processes with one store %s', (_name, createStore) => {
  /** A world in which calls take no time, so that nobody need move its clock. */
  async function begin(kind: 'repeatable' | 'refresh only' = 'refresh only') {
    const world = new World()
    world.isQuick = true
    const store = createStore()
    const grant = kind === 'repeatable' ? world.grant('repeatable') : undefined
    if (grant === undefined) await store.update(() => Promise.resolve(world.expired(world.signIn())))
    const [one, two] = [world.chain({ store, grant }), world.chain({ store, grant })]
    return { world, store, one, two }
  }

  test('CL-04 both are due at once: one refresh, and both have its token', async () => {
    const { world, store, one, two } = await begin()
    const [first, second] = await Promise.all([one.get(WANTED), two.get(WANTED), one.get(WANTED)])
    expect(first.accessToken).toBe(second.accessToken)
    expect(world.calls).toBe(1)
    expect(await store.read()).toMatchObject({
      accessToken: first.accessToken,
      refreshToken: first.refreshToken,
    })
    world.now += DUE
    const [third, fourth] = await Promise.all([two.get(WANTED), one.get(WANTED)])
    expect(third.accessToken).toBe(fourth.accessToken)
    expect(world.calls).toBe(2)
    expect(world.faults).toEqual([])
  })

  test('TK-02 a refused refresh removes what is kept, and nobody sends the dead one again', async () => {
    const { world, store, one, two } = await begin()
    await one.get(WANTED)
    await two.get(WANTED)
    world.now += DUE
    world.fates = ['refused']
    await expect(one.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
    expect(await store.read()).toBeUndefined()
    await expect(two.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
    await expect(one.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
    expect(world.calls).toBe(2)
  })

  test('TK-02 who signs in again is heard by the other, whose sign-in was over', async () => {
    const { world, store, one, two } = await begin()
    world.fates = ['refused']
    await expect(one.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
    await store.update(() => Promise.resolve(world.expired(world.signIn())))
    expect((await two.get(WANTED)).accessToken).toBe((await one.get(WANTED)).accessToken)
    expect(world.faults).toEqual([])
  })

  test('an unavailable server leaves what is kept as it was', async () => {
    const { world, store, one } = await begin()
    const kept = await store.read()
    world.fates = ['away', 'client refused']
    await expect(one.get(WANTED)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await store.read()).toEqual(kept)
    await expect(one.get(WANTED)).rejects.toMatchObject({ code: 'client_refused' })
    expect(await store.read()).toEqual(kept)
    await one.get(WANTED)
    expect(world.faults).toEqual([])
  })

  test('an unavailable server costs others no access token, only the refresh token that may be spent', async () => {
    const { world, store, one, two } = await begin('repeatable')
    const { accessToken } = await one.get(WANTED)
    world.now += DUE
    world.fates = ['lost']
    expect((await one.get(WANTED)).accessToken).toBe(accessToken)
    expect(await store.read()).toMatchObject({ accessToken })
    expect((await store.read())?.refreshToken).toBeUndefined()
    expect((await two.get(WANTED)).accessToken).not.toBe(accessToken)
    expect([world.grants, world.sent.length]).toEqual([2, 1])
    expect(world.faults).toEqual([])
  })

  test('a refresh token that came with a useless answer is kept', async () => {
    const { world, store, one, two } = await begin()
    world.fates = ['spent for nothing']
    await expect(one.get(WANTED)).rejects.toMatchObject({ code: 'invalid_response' })
    expect((await store.read())?.refreshToken).not.toBe(world.sent[0])
    await two.get(WANTED)
    expect(world.faults).toEqual([])
  })

  test('C000-25 a forced renewal takes the newer token of another process', async () => {
    const { world, one, two } = await begin()
    const { accessToken: old } = await one.get(WANTED)
    await two.get(WANTED)
    const { accessToken: newer } = await two.renew(WANTED)
    expect(newer).not.toBe(old)
    expect(one.refuse(undefined, old, 'api')).toBe(true)
    expect((await one.get(WANTED)).accessToken).toBe(newer)
    expect(world.calls).toBe(2)
    expect((await one.renew(WANTED)).accessToken).not.toBe(newer)
    expect(world.calls).toBe(3)
  })

  test('the device grant does not hold the store while the person thinks', async () => {
    const world = new World()
    const store = createStore()
    let decide: (() => void) | undefined
    const thinking: Grant = {
      kind: 'interactive',
      request: async () => {
        await new Promise<void>((resolve) => (decide = resolve))
        return { ...world.expired(world.signIn()), accessToken: 'new', expiresAt: world.now + 60_000 }
      },
    }
    const waiting = world.chain({ store, grant: thinking }).get(WANTED)
    while (decide === undefined) await settled()
    await store.update((kept) => Promise.resolve(kept))
    decide()
    expect((await waiting).accessToken).toBe('new')
    expect(await store.read()).toMatchObject({ accessToken: 'new' })
  })

  test('signed out by one: the store is empty, and the other finds its sign-in over', async () => {
    const { world, store, one, two } = await begin()
    await one.get(WANTED)
    await two.get(WANTED)
    await one.revoke()
    expect(await store.read()).toBeUndefined()
    await expect(one.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
    world.now += DUE
    await expect(two.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
    expect(world.sent).toHaveLength(1)
    expect(world.revoked).toHaveLength(1)
  })
})

describe('a chain of tokens', () => {
  test('tokens that could not be stored are used all the same, and the older ones in the store are not', async () => {
    const world = new World()
    world.isQuick = true
    const store = new MemoryStore()
    store.kept = world.expired(world.signIn())
    const chain = world.chain({ store })
    store.isBroken = true
    await expect(chain.get(WANTED)).rejects.toThrow('the disk is full')
    const held = await chain.get(WANTED)
    expect(world.calls).toBe(1)
    store.isBroken = false
    world.now += DUE
    const next = await chain.get(WANTED)
    expect(next.accessToken).not.toBe(held.accessToken)
    expect(store.kept).toMatchObject({ accessToken: next.accessToken })
    expect(world.faults).toEqual([])
  })

  test('nor when the newer one is refused', async () => {
    const world = new World()
    world.isQuick = true
    const store = new MemoryStore()
    const chain = world.chain({ store }, world.signIn())
    await chain.get(WANTED)
    store.isBroken = true
    await expect(chain.renew(WANTED)).rejects.toThrow('the disk is full')
    store.isBroken = false
    const older = store.kept
    expect((await chain.renew(WANTED)).accessToken).not.toBe(older?.accessToken)
    expect(world.calls).toBe(3)
    expect(world.faults).toEqual([])
  })

  test('a token that one API refused is used again when there is no other', async () => {
    const world = new World()
    world.isQuick = true
    const chain = world.chain({ store: new MemoryStore() }, world.signIn())
    const { accessToken } = await chain.get(WANTED)
    world.fates = ['away']
    expect(chain.refuse(undefined, accessToken, 'api')).toBe(true)
    expect((await chain.get(WANTED)).accessToken).toBe(accessToken)
    await expect(chain.renew(WANTED)).resolves.not.toMatchObject({ accessToken })
  })

  test('TK-01 who leaves the line before its turn has asked for nothing', async () => {
    const world = new World()
    world.delays = [1000]
    const chain = world.chain({ grant: world.grant('repeatable') })
    const first = chain.get(WANTED)
    const leaving = new AbortController()
    const second = chain.get({ ...WANTED, scope: 'other' }, leaving.signal)
    await world.pass(500)
    leaving.abort('leaves')
    await expect(second).rejects.toBe('leaves')
    await world.pass(1000)
    await first
    expect(world.calls).toBe(1)
  })

  test('a store that forgets what it is given is a typed error', async () => {
    const world = new World()
    world.isQuick = true
    const forgetful = { read: () => Promise.resolve(undefined), update: () => Promise.resolve(undefined) }
    const chain = world.chain({ store: forgetful, grant: world.grant('repeatable') })
    await expect(chain.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
  })

  test('revoke and get at once: in line, and what is given out afterwards is of a new sign-in', async () => {
    const world = new World()
    world.isQuick = true
    const chain = world.chain({ grant: world.grant('repeatable') })
    const first = await chain.get(WANTED)
    const [, second] = await Promise.all([chain.revoke(), chain.get(WANTED)])
    const third = await chain.get(WANTED)
    expect([first, second].map(({ accessToken }) => accessToken)).toEqual([
      first.accessToken,
      first.accessToken,
    ])
    expect(third.accessToken).not.toBe(first.accessToken)
    expect([world.grants, world.revoked]).toEqual([2, [first.refreshToken]])
    expect(world.faults).toEqual([])
  })

  test('after revoke there is nothing to revoke, and a refresh token alone is not sent again', async () => {
    const world = new World()
    world.isQuick = true
    const chain = world.chain({}, world.signIn())
    await chain.get(WANTED)
    await chain.revoke()
    await chain.revoke()
    expect(world.revoked).toHaveLength(1)
    await expect(chain.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
    expect(world.sent).toHaveLength(1)
  })

  test('without a refresh token the access token is revoked', async () => {
    const world = new World()
    Object.assign(world, { isQuick: true, givesRefreshToken: false })
    const chain = world.chain({ grant: world.grant('repeatable') })
    const { accessToken } = await chain.get(WANTED)
    await chain.revoke()
    expect(world.revoked).toEqual([accessToken])
  })

  test('TK-01 a caller that comes while an abandoned flight ends has its own', async () => {
    const world = new World()
    const reasons: unknown[] = []
    const chain = world.chain({
      grant: {
        kind: 'interactive',
        request: (abandoned) =>
          new Promise((resolve, reject) => {
            abandoned.addEventListener(
              'abort',
              () => void settled().then(() => reject(new Error('abandoned'))),
            )
            if (reasons.length > 0) resolve({ ...world.expired('r'), expiresAt: world.now + 60_000 })
          }),
      },
    })
    const leaving = new AbortController()
    const first = chain.get(WANTED, leaving.signal)
    await settled()
    leaving.abort('leaves')
    await first.catch((reason: unknown) => reasons.push(reason))
    expect((await chain.get(WANTED)).refreshToken).toBe('r')
    expect(reasons).toEqual(['leaves'])
  })
})
