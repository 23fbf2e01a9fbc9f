import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { ClientFiles } from '../../support/client-files.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { TestApp } from '../../support/test-app.js'

const FIRST = 'the-first-secret-of-the-tests'
const SECOND = 'the-second-secret-of-the-tests'

let provider: ScriptedProvider
let files: ClientFiles
/** The app's clock. */
let ahead: number
beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
afterAll(() => provider.close())
beforeEach(() => {
  provider.reset()
  files = new ClientFiles()
  ahead = 0
})
afterEach(() => files.remove())

describe.each(['client_secret_basic', 'client_secret_post'] as const)(
  'TK-07 the secret file with %s',
  (method) => {
    let app: TestApp
    beforeEach(async () => {
      provider.client.secret = FIRST
      app = await TestApp.start(provider, {
        clientAuthentication: method,
        clientSecret: undefined,
        clientSecretFile: files.put('secret', `${FIRST}\n`),
        now: () => Date.now() + ahead,
      })
    })
    afterEach(() => app.stop())
    const signIn = async (): Promise<number> => (await app.signIn(provider, new Jar())).status

    test('replaced: the old secret is refused, the new one works without a restart, also for a renewal', async () => {
      const jar = new Jar()
      expect((await app.signIn(provider, jar)).status).toBe(303)
      provider.client.secret = SECOND
      expect(await signIn()).toBe(502)
      files.put('secret', `${SECOND}\r\n`)
      expect(await signIn()).toBe(303)
      ahead = 290_000
      expect((await app.navigate('/hello', jar)).status).toBe(200)
      expect(provider.grants('refresh_token')).toBe(1)
      expect(app.log.map(({ code }) => code)).toContain('client_credentials_changed')
    })

    test('emptied, then gone: the old one goes on, logged by name once for each', async () => {
      files.put('secret', '  \n\n')
      expect([await signIn(), await signIn()]).toEqual([303, 303])
      files.remove('secret')
      expect([await signIn(), await signIn()]).toEqual([303, 303])
      const lines = app.log.filter(({ code }) => code === 'client_secret_file_unusable')
      expect(lines.map(({ reason }) => reason)).toEqual([
        'clientSecretFile names an empty file',
        'clientSecretFile names a file that cannot be read',
      ])
      const text = JSON.stringify(app.log)
      expect(text).toContain('OIDC_CLIENT_SECRET_FILE')
      for (const hidden of [FIRST, SECOND, files.folder]) expect(text).not.toContain(hidden)
    })
  },
)
