import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { silentLog, type LogFields } from '../../../src/log.js'
import { ProviderError } from '../../../src/provider/errors.js'
import { createKeys, SIGNATURE_ALGORITHMS, type Keys } from '../../../src/provider/keys.js'
import { createSigningKey, type SigningKey } from '../../support/signing.js'

const URI = 'https://id.example/certs'

let first: SigningKey
let second: SigningKey
/** The key document as it is now: an answer, or what befalls who asks. */
let document: () => Promise<Response>
let fetched: string[]
let now: number
let log: LogFields[]
let keys: Keys

beforeAll(async () => {
  ;[first, second] = await Promise.all([
    createSigningKey('ES256', 'first'),
    createSigningKey('ES256', 'second'),
  ])
})
beforeEach(() => {
  publish(first.publicJwk)
  fetched = []
  log = []
  now = 1_700_000_000_000
  keys = makeKeys()
})

function makeKeys(times: { maxAge?: number; cooldown?: number; stale?: number } = {}): Keys {
  return createKeys({
    jwksUri: () => Promise.resolve(URI),
    backChannel: (url) => {
      fetched.push(url.toString())
      return document()
    },
    maxAge: 600,
    cooldown: 5,
    stale: 3600,
    log: { ...silentLog, warn: (fields) => log.push(fields) },
    now: () => now,
    ...times,
  })
}

function publish(...jwks: unknown[]): void {
  document = () => Promise.resolve(Response.json({ keys: jwks }))
}
function goAway(code: 'provider_unavailable' = 'provider_unavailable'): void {
  document = () => Promise.reject(new ProviderError(code, 'away'))
}
const pass = (seconds: number): void => {
  now += seconds * 1000
}
const find = (kid?: string, alg = 'ES256') => keys.find({ alg, kid })
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('createKeys: which key', () => {
  test.each([
    'none',
    'HS256',
    'HS384',
    'HS512',
    'RS1',
    'RSA-OAEP',
    'dir',
    '',
    'es256',
    'constructor',
    '__proto__',
  ])('has none for %p and asks nobody', async (alg) => {
    expect(await find('first', alg)).toBeUndefined()
    expect(fetched).toEqual([])
  })

  test('accepts asymmetric signatures only', () => {
    expect([...SIGNATURE_ALGORITHMS].sort()).toEqual(
      'ES256 ES384 ES512 Ed25519 EdDSA PS256 PS384 PS512 RS256 RS384 RS512'.split(' '),
    )
  })

  test('has none under another kid, algorithm or curve', async () => {
    expect(await find('second')).toBeUndefined()
    expect(await find('first', 'RS256')).toBeUndefined()
    expect(await find('first', 'ES384')).toBeUndefined()
  })

  test('without a kid has none when several fit, and the one when one fits', async () => {
    publish(first.publicJwk, second.publicJwk)
    expect(await find(undefined)).toBeUndefined()
    keys = makeKeys()
    publish(first.publicJwk, { ...second.publicJwk, use: 'enc' })
    expect(await find(undefined)).toBeDefined()
  })

  test('tells keys without kid and alg apart by their curve', async () => {
    const { publicJwk } = await createSigningKey('ES384')
    publish(...[first.publicJwk, publicJwk].map((jwk) => ({ ...jwk, kid: undefined, alg: undefined })))
    expect(await find(undefined, 'ES256')).toMatchObject({ algorithm: { namedCurve: 'P-256' } })
    expect(await find(undefined, 'ES384')).toMatchObject({ algorithm: { namedCurve: 'P-384' } })
    expect(await find(undefined, 'ES512')).toBeUndefined()
  })

  test.each(['use', 'alg'])('takes a key without %s', async (member) => {
    publish({ ...first.publicJwk, [member]: undefined })
    expect(await find('first')).toMatchObject({ type: 'public', usages: ['verify'] })
  })

  test('imports a key once', async () => {
    expect(await find('first')).toBe(await find('first'))
  })

  test('leaves a private member behind', async () => {
    publish({ ...first.publicJwk, d: 'AAAA' })
    expect(await find('first')).toMatchObject({ type: 'public' })
  })
})

describe('createKeys: when it asks', () => {
  test('any number of callers at once cause one fetch', async () => {
    await Promise.all(Array.from({ length: 50 }, () => find('first')))
    expect(fetched).toEqual([URI])
  })

  test('P-7 RE-04 unknown keys cause one fetch, and no other within the cooldown', async () => {
    expect(await find('invented')).toBeUndefined()
    expect(fetched).toHaveLength(1)
    for (let at = 0; at < 10; at++) expect(await find(`invented-${at}`)).toBeUndefined()
    expect(fetched).toHaveLength(2)
    pass(4.999)
    await find('invented')
    expect(fetched).toHaveLength(2)
    pass(0.001)
    await Promise.all(Array.from({ length: 10 }, (_, at) => find(`invented-${at}`)))
    expect(fetched).toHaveLength(3)
  })

  test('P-6 IT-09 a new key is found at once, however short ago the keys were fetched', async () => {
    await find('first')
    publish(second.publicJwk, first.publicJwk)
    expect(await find('second')).toBeDefined()
    expect(await find('first')).toBeDefined()
    expect(fetched).toHaveLength(2)
  })

  test('P-6 a removed key is found until maxAge is over', async () => {
    await find('first')
    publish(second.publicJwk)
    pass(600)
    expect(await find('first')).toBeDefined()
    expect(fetched).toHaveLength(1)
    pass(0.001)
    expect(await find('first')).toBeUndefined()
  })

  test('with a maxAge of 0 it asks whenever time has passed', async () => {
    keys = makeKeys({ maxAge: 0 })
    await find('first')
    pass(0.001)
    await find('first')
    expect(fetched).toHaveLength(2)
  })
})

describe('createKeys: the issuer is away', () => {
  test('RE-19 with nothing known it throws what befell it, and asks again after the shorter of cooldown and 2 seconds', async () => {
    goAway()
    for (let at = 0; at < 5; at++)
      await expect(find('first')).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect(fetched).toHaveLength(1)
    pass(2)
    publish(first.publicJwk)
    expect(await find('first')).toBeDefined()
  })

  test('a cooldown below 2 seconds is kept after failures, too', async () => {
    keys = makeKeys({ cooldown: 1 })
    goAway()
    await expect(find('first')).rejects.toThrow(ProviderError)
    pass(1)
    await expect(find('first')).rejects.toThrow(ProviderError)
    expect(fetched).toHaveLength(2)
  })

  test('known keys are found until maxAge and stale are over, then it throws', async () => {
    await find('first')
    goAway()
    pass(600 + 3600)
    expect(await find('first')).toBeDefined()
    pass(0.001)
    await expect(find('first')).rejects.toMatchObject({ code: 'provider_unavailable' })
  })

  test('an unknown key is undecided, not absent', async () => {
    await find('first')
    goAway()
    pass(5)
    await expect(find('second')).rejects.toMatchObject({ code: 'provider_unavailable' })
  })

  test('P-4 after a failure nobody waits for it', async () => {
    await find('first')
    goAway()
    pass(601)
    await find('first')
    pass(3)
    document = () => new Promise(() => undefined)
    expect(await find('first')).toBeDefined()
  })

  test('P-2 its next good answer counts', async () => {
    await find('first')
    goAway()
    pass(601)
    await find('first')
    pass(3)
    publish(second.publicJwk)
    await find('first')
    await settle()
    expect(await find('first')).toBeUndefined()
    expect(await find('second')).toBeDefined()
  })

  test('each failure is one line of the log', async () => {
    goAway()
    await expect(find('first')).rejects.toThrow()
    await expect(find('first')).rejects.toThrow()
    expect(log).toEqual([{ code: 'provider_unavailable', reason: 'away', hint: undefined }])
  })

  test('what is no trouble of the provider is not taken for one', async () => {
    document = () => Promise.reject(new RangeError('a bug'))
    await expect(find('first')).rejects.toThrow(RangeError)
    expect(log).toEqual([])
  })
})

describe('createKeys: documents that hold nothing', () => {
  test.each<[string, () => Response, string]>([
    ['404', () => Response.json({ keys: [first.publicJwk] }, { status: 404 }), 'provider_unavailable'],
    ['302', () => new Response(null, { status: 302, headers: { location: URI } }), 'provider_unavailable'],
    ['HTML', () => new Response('<html>'), 'provider_keys_unusable'],
    ['null', () => Response.json(null), 'provider_keys_unusable'],
    ['a list', () => Response.json([first.publicJwk]), 'provider_keys_unusable'],
    [
      'keys that are an object',
      () => Response.json({ keys: { ...first.publicJwk } }),
      'provider_keys_unusable',
    ],
    ['no keys', () => Response.json({ keys: [] }), 'provider_keys_unusable'],
    ['symmetric keys', () => Response.json({ keys: [{ kty: 'oct', k: 'AA' }] }), 'provider_keys_unusable'],
    [
      'encryption keys',
      () => Response.json({ keys: [{ ...first.publicJwk, use: 'enc' }] }),
      'provider_keys_unusable',
    ],
  ])('RE-19 %s: it throws', async (_name, answer, code) => {
    document = () => Promise.resolve(answer())
    await expect(find('first')).rejects.toMatchObject({ code, status: 503 })
  })
})
