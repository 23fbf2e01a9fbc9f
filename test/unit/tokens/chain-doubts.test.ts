import { describe, expect, test } from '@jest/globals'
import type { Grant } from '../../../src/tokens/grant.js'
import { MemoryStore, settled, World } from './chain-world.js'

const WANTED = { scope: undefined, refreshBefore: 10 }
const DUE = 50_001

function quickWorld(): World {
  const world = new World()
  world.isQuick = true
  return world
}

describe('a refresh token of which there is doubt', () => {
  test('TK-02 after a fault it is redeemed no more, and is still what a sign-out revokes', async () => {
    const world = quickWorld()
    const chain = world.chain({ grant: world.grant('repeatable') })
    const { refreshToken, accessToken } = await chain.get(WANTED)
    world.now += DUE
    world.fates = ['away']
    expect((await chain.get(WANTED)).accessToken).toBe(accessToken)
    await chain.revoke()
    expect(world.revoked).toEqual([refreshToken])
    expect(world.sent.filter((token) => token === refreshToken)).toHaveLength(1)
  })

  test('TK-02 … with a store, too, which no longer has it', async () => {
    const world = quickWorld()
    const store = new MemoryStore()
    const chain = world.chain({ store, grant: world.grant('repeatable') })
    const { refreshToken } = await chain.get(WANTED)
    for (const wait of [DUE, 3000]) {
      world.now += wait
      world.fates = ['away']
      await chain.get(WANTED)
    }
    await chain.revoke()
    expect(world.revoked).toEqual([refreshToken])
  })

  test('a sign-out that failed is tried again with the same one', async () => {
    const world = quickWorld()
    const chain = world.chain({}, world.signIn())
    const { refreshToken } = await chain.get(WANTED)
    world.revocation = 'away'
    await expect(chain.revoke()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(chain.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
    world.revocation = 'granted'
    await chain.revoke()
    expect(world.revoked).toEqual([refreshToken])
  })

  test('a sign-in of its own takes its place', async () => {
    const world = quickWorld()
    const chain = world.chain({ grant: world.grant('repeatable') })
    await chain.get(WANTED)
    world.now += DUE
    world.fates = ['lost']
    await chain.get(WANTED)
    world.now += DUE
    const { refreshToken } = await chain.get(WANTED)
    await chain.revoke()
    expect(world.revoked).toEqual([refreshToken])
  })

  test('C000-13 the store’s is dead, and the one that was given is new: it is tried, once', async () => {
    const world = quickWorld()
    const [old, given] = [world.signIn(), world.signIn()]
    const store = new MemoryStore()
    store.kept = world.expired(old)
    world.end(old)
    const chain = world.chain({ store }, given)
    const { accessToken, refreshToken } = await chain.get(WANTED)
    expect(world.isCurrent(accessToken)).toBe(true)
    expect(world.sent).toEqual([old, given])
    expect(store.kept).toMatchObject({ accessToken, refreshToken })
    // It goes on from there.
    world.now += DUE
    await chain.get(WANTED)
    expect(world.sent.at(-1)).toBe(refreshToken)
    expect(world.faults).toEqual([])
  })

  test('C000-13 … and keeps its place where refresh tokens do not change', async () => {
    const world = quickWorld()
    world.rotates = false
    const [old, given] = [world.signIn(), world.signIn()]
    const store = new MemoryStore()
    store.kept = world.expired(old)
    world.end(old)
    const chain = world.chain({ store }, given)
    await chain.get(WANTED)
    world.now += DUE
    const { accessToken } = await chain.get(WANTED)
    expect(world.isCurrent(accessToken)).toBe(true)
    expect(world.sent).toEqual([old, given, given])
    expect(store.kept).toMatchObject({ accessToken, refreshToken: given })
    // What another process gets by it is news.
    world.now += DUE
    const elsewhere = await world.chain({ store }).get(WANTED)
    expect((await chain.get(WANTED)).accessToken).toBe(elsewhere.accessToken)
    expect(world.calls).toBe(4)
  })

  test('C000-13 both are dead: neither is sent a second time', async () => {
    const world = quickWorld()
    const [old, given] = [world.signIn(), world.signIn()]
    const store = new MemoryStore()
    store.kept = world.expired(old)
    for (const token of [old, given]) world.end(token)
    const chain = world.chain({ store }, given)
    for (let call = 0; call < 3; call++)
      await expect(chain.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
    expect(world.sent).toEqual([old, given])
    expect(store.kept).toBeUndefined()
  })
})

test('C001-08 what counts once is sent when the login in the store is dead, and once', async () => {
  const world = quickWorld()
  const store = new MemoryStore()
  const old = world.signIn()
  store.kept = world.expired(old)
  world.end(old)
  const chain = world.chain({ store, grant: onceHeard(world.grant('once')) })
  const { accessToken, refreshToken = '' } = await chain.get(WANTED)
  expect(world.isCurrent(accessToken)).toBe(true)
  world.end(refreshToken)
  world.now += DUE
  await expect(chain.get(WANTED)).rejects.toMatchObject({ code: 'sign_in_again' })
  expect([world.grants, world.faults]).toEqual([1, []])
})

/** As a real one does, it says that it is on its way. */
const onceHeard = (grant: Grant): Grant => ({
  ...grant,
  request(abandoned, onSend) {
    onSend()
    return grant.request(abandoned, onSend)
  },
})

describe('C000-28 two scopes of one sign-in', () => {
  const OTHER = { ...WANTED, scope: 'other' }

  test('with a store each is asked for, and the store keeps its own access token with the newest refresh token', async () => {
    const world = quickWorld()
    const store = new MemoryStore()
    const chain = world.chain({ store, scope: undefined }, world.signIn())
    const mine = await chain.get(WANTED)
    const others = await chain.get(OTHER)
    expect(others.accessToken).not.toBe(mine.accessToken)
    expect(world.calls).toBe(2)
    expect(store.kept).toMatchObject({ accessToken: mine.accessToken, refreshToken: others.refreshToken })
    expect((await chain.get(WANTED)).accessToken).toBe(mine.accessToken)
    expect((await chain.get(OTHER)).accessToken).toBe(others.accessToken)
    world.now += DUE
    const [one, two] = await Promise.all([chain.get(WANTED), chain.get(OTHER)])
    expect(one.accessToken).not.toBe(two.accessToken)
    expect([world.calls, world.faults]).toEqual([4, []])
    // Another process finds what it needs.
    const elsewhere = world.chain({ store, scope: undefined })
    expect((await elsewhere.get(WANTED)).accessToken).toBe(one.accessToken)
  })

  test('what is kept for another scope is nobody’s access token, and its refresh token serves', async () => {
    const world = quickWorld()
    const store = new MemoryStore()
    const chain = world.chain({ store, scope: undefined }, world.signIn())
    const { accessToken } = await chain.get(OTHER)
    const elsewhere = world.chain({ store, scope: undefined })
    expect((await elsewhere.get(WANTED)).accessToken).not.toBe(accessToken)
    expect([world.calls, world.faults]).toEqual([2, []])
  })

  test('a person who signs in gives the store its own scope’s tokens only', async () => {
    const world = quickWorld()
    const store = new MemoryStore()
    const grant: Grant = { ...world.grant('repeatable'), kind: 'interactive' }
    const chain = world.chain({ store, grant, scope: undefined })
    store.isBroken = true
    await expect(chain.get(WANTED)).rejects.toThrow('the disk is full')
    store.isBroken = false
    const others = await chain.get(OTHER)
    expect((await world.chain({ store, scope: undefined }).get(WANTED)).accessToken).not.toBe(
      others.accessToken,
    )
    expect(world.faults).toEqual([])
  })

  test('a grant gives the scope that it was made for, and no other', async () => {
    const world = quickWorld()
    const chain = world.chain({ grant: world.grant('repeatable'), scope: undefined })
    await chain.get(WANTED)
    world.now += DUE
    world.fates = ['refused']
    await expect(chain.get(OTHER)).rejects.toMatchObject({ code: 'sign_in_again' })
    expect(world.grants).toBe(1)
    await chain.get(WANTED)
    expect(world.grants).toBe(2)
  })
})

test('C000-25 who wants another token, while one is fetched for others that cannot be had, hears that there is none', async () => {
  const world = new World()
  const chain = world.chain({}, world.signIn())
  world.delays = [0, 1000, 1000]
  const first = chain.get(WANTED)
  await world.pass(1)
  const { accessToken } = await first
  world.now += DUE
  world.fates = ['away', 'away']
  const content = chain.get(WANTED)
  const another = chain.renew(WANTED).catch((error: unknown) => error)
  await world.pass(3000)
  expect((await content).accessToken).toBe(accessToken)
  expect(await another).toMatchObject({ code: 'unavailable' })
})

test('who wants another token does not get the one that is just being stored', async () => {
  const world = quickWorld()
  const store = new MemoryStore()
  const chain = world.chain({ store }, world.signIn())
  await chain.get(WANTED)
  let stored = (): void => undefined
  const slow = new Promise<void>((resolve) => (stored = resolve))
  const update = store.update.bind(store)
  store.update = async (work) => {
    const result = await update(work)
    await slow
    return result
  }
  const first = chain.renew(WANTED)
  await settled()
  const { accessToken } = await chain.get(WANTED)
  const another = chain.renew(WANTED)
  stored()
  await first
  expect((await another).accessToken).not.toBe(accessToken)
  expect(world.calls).toBe(3)
})
