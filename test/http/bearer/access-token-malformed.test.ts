import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { malformedJws } from '../../support/malformed-jws.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { createSigningKey, sign, type SigningKey } from '../../support/signing.js'
import { TestApp } from '../../support/test-app.js'

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  provider.keys = await Promise.all(ALGORITHMS.map((alg) => createSigningKey(alg)))
  app = await TestApp.start(provider)
})
afterAll(async () => {
  await app.stop()
  await provider.close()
})

function keyFor(alg: string): SigningKey {
  const key = provider.keys.find((one) => one.alg === alg)
  if (key === undefined) throw new Error(`no key for ${alg}`)
  return key
}

describe('malformed and wrongly signed tokens (RFC 7515 §5.2, RFC 8725 §3.3)', () => {
  test.each(ALGORITHMS)(
    'JW-01 under a published key for %s each is 401, the honest one before and after is 200',
    async (alg) => {
      const claims = provider.accessTokenClaims()
      const good = await sign(claims, keyFor(alg))
      expect(await app.bearer(good)).toMatchObject({ status: 200 })
      const forgeries = malformedJws(keyFor(alg), claims)
      expect(new Set(forgeries.map(([, token]) => token)).size).toBeGreaterThan(100)
      const accepted: string[] = []
      for (const [name, token] of forgeries) {
        const { status, headers, body } = await app.bearer(token)
        const challenge = headers['www-authenticate'] ?? ''
        const isRefused =
          status === 401 && challenge.includes('error="invalid_token"') && !body.includes('secured')
        if (!isRefused) accepted.push(`${name}: ${status}`)
      }
      expect(accepted).toEqual([])
      expect(await app.bearer(good)).toMatchObject({ status: 200 })
    },
  )
})
