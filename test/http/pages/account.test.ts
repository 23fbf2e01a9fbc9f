import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createProofs } from '../../../src/session/proofs.js'
import { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { TestApp } from '../../support/test-app.js'

const SECRET = 'the-session-secret-of-this-test-of-32-characters'

let provider: ScriptedProvider
let app: TestApp
let clock: Clock
let jar: Jar

beforeEach(async () => {
  clock = new Clock()
  jar = new Jar()
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, {
    now: clock.now,
    sessionSecrets: [SECRET],
    sessionIdleTimeout: 600,
    sessionAbsoluteTimeout: 1500,
    upstreamTimeout: 1,
  })
})

afterEach(async () => {
  await app.stop()
  await provider.close()
})

describe('C003-04 when the session ends', () => {
  /** The moment that the account page gives, in seconds from now. */
  async function endsIn(): Promise<number> {
    const { body } = await app.navigate('/account', jar)
    const shown = /<dt>Session ends<\/dt><dd><time datetime="([^"]+)"/.exec(body)?.[1] ?? ''
    return Math.round((Date.parse(shown) - clock.now()) / 1000)
  }

  // So that the tokens are not what ends it.
  beforeEach(() => {
    provider.accessTokenLife = 3600
  })

  test('C003-04 is shown as it is if nothing is done; use moves it on, up to the limit', async () => {
    await app.signIn(provider, jar)
    expect(await endsIn()).toBe(600)
    clock.forward(500)
    expect(await endsIn()).toBe(600)
    clock.forward(500)
    expect(await endsIn()).toBe(500)
  })

  test.each([
    ['en', 'If you do nothing until then. Use moves it on, up to a limit.'],
    ['de', 'Wenn Sie bis dahin nichts tun. Nutzung schiebt das Ende hinaus, aber nicht unbegrenzt.'],
  ])('C003-04 the note in %s says just that', async (language, note) => {
    await app.signIn(provider, jar)
    const { body } = await app.navigate('/account', jar, { 'accept-language': language })
    expect(body).toContain(`<small>${note}</small>`)
  })
})

describe('C003-04 AC-03 what came of ending sessions', () => {
  test.each([
    ['en', 1, 0, 'One session was ended.'],
    ['en', 0, 0, '0 sessions were ended.'],
    ['en', 3, 0, '3 sessions were ended.'],
    [
      'en',
      1,
      1,
      'One session was ended. Keycloak could not be told of one of them: a session there may still be open.',
    ],
    [
      'en',
      3,
      2,
      '3 sessions were ended. Keycloak could not be told of 2 of them: a session there may still be open.',
    ],
    ['de', 1, 0, 'Eine Sitzung wurde beendet.'],
    [
      'de',
      3,
      1,
      '3 Sitzungen wurden beendet. Keycloak hat davon bei einer nichts erfahren: Dort ist vielleicht noch eine Sitzung offen.',
    ],
    [
      'de',
      3,
      2,
      '3 Sitzungen wurden beendet. Keycloak hat davon bei 2 nichts erfahren: Dort ist vielleicht noch eine Sitzung offen.',
    ],
  ])('C003-04 AC-03 in %s: %i ended, %i left', async (language, ended, left, text) => {
    await app.signIn(provider, jar)
    const path = `/account?ended=${ended}&left=${left}`
    // As the answer to the form has it.
    const [sid = ''] = decodeURIComponent(jar.get('latchkey') ?? '')
      .slice(2)
      .split('.')
    const proof = createProofs([SECRET]).make(sid, `${ended} ${left}`)
    const open = async (address: string): Promise<string> =>
      (await app.navigate(address, jar, { 'accept-language': language })).body
    expect(await open(path)).not.toContain('class="notice"')
    expect(await open(`${path}&proof=${proof}`)).toContain(`<p class="notice" role="status">${text}</p>`)
  })
})

describe('C003-10 “Try again” while the provider is away', () => {
  test.each([
    ['/register?return_to=%2Faccount', '/register?return_to=%2Faccount'],
    [
      '/login?kc_action=CONFIGURE_TOTP&return_to=%2Faccount&evil=1',
      '/login?return_to=%2Faccount&amp;kc_action=CONFIGURE_TOTP',
    ],
    ['/login', '/login'],
  ])('C003-10 %s', async (path, link) => {
    await provider.close()
    const answer = await app.navigate(path)
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
    expect(answer.body).toContain(`<a class="button" href="${link}">Try again</a>`)
    await provider.open()
  })
})
