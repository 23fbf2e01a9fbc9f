import { beforeEach, describe, expect, test } from '@jest/globals'
import { silentLog, type LogFields } from '../../../src/log.js'
import { createDiscovery, type Discovery } from '../../../src/provider/discovery.js'
import { ProviderError } from '../../../src/provider/errors.js'

const ISSUER = 'https://id.example/realms/demo'
const GOOD = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/certs`,
}

let document: () => Promise<Response>
let fetched: string[]
let now: number
let log: LogFields[]
let discovery: Discovery

beforeEach(() => {
  publish(GOOD)
  fetched = []
  log = []
  now = 1_700_000_000_000
  discovery = makeDiscovery(ISSUER)
})

function makeDiscovery(issuer: string): Discovery {
  return createDiscovery({
    issuer,
    internal: false,
    maxAge: 600,
    backChannel: (url) => {
      fetched.push(url.toString())
      return document()
    },
    log: { ...silentLog, warn: (fields) => log.push(fields) },
    now: () => now,
  })
}

function publish(body: unknown, status = 200): void {
  document = () => Promise.resolve(Response.json(body, { status }))
}
const goAway = (): void => {
  document = () => Promise.reject(new ProviderError('provider_unavailable', 'away'))
}
const pass = (seconds: number): void => {
  now += seconds * 1000
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('createDiscovery: documents that are refused', () => {
  test.each<[string, () => void, string]>([
    ['404', () => publish(GOOD, 404), 'provider_unavailable'],
    ['500', () => publish(GOOD, 500), 'provider_unavailable'],
    [
      '204',
      () => (document = () => Promise.resolve(new Response(null, { status: 204 }))),
      'provider_unavailable',
    ],
    ['HTML', () => (document = () => Promise.resolve(new Response('<html>'))), 'provider_metadata_invalid'],
    [
      'an issuer that is not ours',
      () => publish({ ...GOOD, issuer: `${ISSUER}/` }),
      'provider_metadata_invalid',
    ],
    ['no answer', goAway, 'provider_unavailable'],
  ])('RE-02 IT-12 %s', async (_name, arm, code) => {
    arm()
    await expect(discovery.metadata()).rejects.toMatchObject({ code })
    expect(log).toMatchObject([{ code, issuer: ISSUER }])
    expect(discovery.known()).toBeUndefined()
  })

  test('C003-10 an unknown realm is said as that', async () => {
    publish({}, 404)
    await expect(discovery.metadata()).rejects.toMatchObject({
      hint: expect.stringContaining("is the realm's name in the issuer (OIDC_ISSUER) right?"),
    })
  })
})

describe('createDiscovery: when it asks', () => {
  test('nobody, until somebody needs it', async () => {
    expect(discovery.known()).toBeUndefined()
    await settle()
    expect(fetched).toEqual([])
  })

  test.each([ISSUER, `${ISSUER}/`])('under the issuer %s', async (issuer) => {
    publish({ ...GOOD, issuer })
    expect(await makeDiscovery(issuer).metadata()).toMatchObject({ issuer })
    expect(fetched).toEqual([`${ISSUER}/.well-known/openid-configuration`])
  })

  test('once for any number of callers', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => discovery.metadata()))
    expect(new Set(all).size).toBe(1)
    expect(fetched).toHaveLength(1)
  })

  test('P-2 a failure is remembered for one second', async () => {
    goAway()
    await expect(discovery.metadata()).rejects.toThrow(ProviderError)
    publish(GOOD)
    pass(0.999)
    await expect(discovery.metadata()).rejects.toThrow(ProviderError)
    expect(fetched).toHaveLength(1)
    pass(0.001)
    expect(await discovery.metadata()).toEqual(GOOD)
  })

  test('again after maxAge, in the background: who asks gets what is known', async () => {
    await discovery.metadata()
    publish({ ...GOOD, token_endpoint: `${ISSUER}/other` })
    pass(600)
    await discovery.metadata()
    await settle()
    expect(fetched).toHaveLength(1)
    pass(0.001)
    expect(await discovery.metadata()).toEqual(GOOD)
    await settle()
    expect(await discovery.metadata()).toMatchObject({ token_endpoint: `${ISSUER}/other` })
    expect(fetched).toHaveLength(2)
  })

  test('a known document goes on serving while the server is away', async () => {
    await discovery.metadata()
    goAway()
    pass(100_000)
    expect(await discovery.metadata()).toEqual(GOOD)
    await settle()
    expect(await discovery.metadata()).toEqual(GOOD)
    expect(discovery.known()).toEqual(GOOD)
  })
})

describe('createDiscovery: probe', () => {
  test('RE-01 says whether the server answers now, asking at most once a second', async () => {
    goAway()
    expect([await discovery.probe(), await discovery.probe(), fetched.length]).toEqual([false, false, 1])
    publish(GOOD)
    pass(1)
    expect([await discovery.probe(), await discovery.probe(), fetched.length]).toEqual([true, true, 2])
    goAway()
    pass(1)
    expect([await discovery.probe(), fetched.length]).toEqual([false, 3])
  })

  test('a bug is not taken for a server that is away', async () => {
    document = () => Promise.reject(new RangeError('a bug'))
    await expect(discovery.metadata()).rejects.toThrow(RangeError)
    expect(log).toEqual([])
  })
})

test('a failure is not remembered beyond a clock that was set back', async () => {
  publish(GOOD, 503)
  await expect(discovery.metadata()).rejects.toMatchObject({ code: 'provider_unavailable' })
  publish(GOOD)
  pass(-3600)
  expect(await discovery.metadata()).toMatchObject({ issuer: ISSUER })
})
