import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let app: TestApp
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(async () => {
  jar = new Jar()
  app = await TestApp.start(provider)
})
afterEach(() => app.stop())
afterAll(() => provider.close())

const weak = newPerson({ acr: 'pwd' })

describe('SU-01 without a session', () => {
  const link = async (): Promise<URL> =>
    new URL((await app.navigate('/vault', jar)).location ?? '', app.publicUrl)

  test('SU-01 it is led to /login, whose link says what the page needs', async () => {
    const { pathname, searchParams } = await link()
    expect([pathname, searchParams.get('return_to'), searchParams.get('acr_values')]).toEqual([
      '/login',
      '/vault',
      '2fa',
    ])
  })

  test.each<[string, (query: URLSearchParams) => void]>([
    ['stripped', (query) => ['acr_values', 'proof'].forEach((name) => query.delete(name))],
    ['stripped of its proof', (query) => query.delete('proof')],
    ['rewritten', (query) => query.set('acr_values', 'pwd')],
    ['of a proof that is none', (query) => query.set('proof', 'AAAA')],
  ])('SU-01 %s it is an ordinary one, and the vault asks again', async (_name, change) => {
    const url = await link()
    change(url.searchParams)
    const started = await app.navigate(url.pathname + url.search, jar)
    const callback = await app.callback(provider.approve(started.location ?? '', weak), jar)
    expect([callback.status, callback.location]).toEqual([303, '/vault'])
    expect((await app.follow('/vault', jar)).body).not.toContain('<h1>The vault</h1>')
    const asked = await app.follow('/vault', jar)
    const refused = await app.callback(provider.approve(asked.location ?? '', weak), jar)
    expect(refused.body).toContain('<code>login_too_weak</code>')
  })
})
