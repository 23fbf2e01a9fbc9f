import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { TestApp, type Answer } from '../../support/test-app.js'

const PATH = '/.well-known/oauth-protected-resource'

describe('what a client may learn about the API (RFC 9728)', () => {
  let provider: ScriptedProvider
  let app: TestApp

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
    app = await TestApp.start(provider, { publicUrl: 'https://app.example' })
  })
  afterAll(() => app.stop())

  const expectDocument = (answer: Answer): void => {
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.cookies).toEqual([])
    expect(answer.json()).toMatchObject({
      resource: 'https://app.example',
      authorization_servers: [provider.issuer],
      bearer_methods_supported: ['header'],
    })
  }

  test.each([
    ['another Host', { host: 'evil.example' }],
    [
      'forwarded headers',
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' },
    ],
  ])('IS-06 %s changes nothing in it', async (_what, headers) => {
    const answer = await app.send(PATH, { headers })
    expectDocument(answer)
    expect(answer.body).not.toContain('evil')
  })

  test('IS-06 every challenge names its address', async () => {
    for (const path of ['/secure-data', '/api/projects', '/api/whoami']) {
      for (const token of [undefined, 'abc', 'a b']) {
        const challenge = (await app.bearer(token, path)).headers['www-authenticate']
        expect(challenge).toContain(`resource_metadata="https://app.example${PATH}"`)
      }
    }
  })

  test('IS-06 it is there while the provider is away', async () => {
    await provider.close()
    expectDocument(await app.send(PATH))
  })
})
