import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import type { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION } from '../../support/test-app.js'
import { until } from '../../support/until.js'
import { logoutToken, personWithSession, tell, type PersonAtProvider } from '../logout/logout-tokens.js'
import { script, signedIn, startTwoApps, type TwoApps } from '../refresh/two-apps.js'
import { endEverywhere, endOne, endOthers, handlesOf } from './account-page.js'

let provider: ScriptedProvider
let apps: TwoApps

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  apps = await startTwoApps(provider, { sessionIdleTimeout: 2 })
})
beforeEach(() => {
  provider.reset()
})
afterAll(async () => {
  await apps.stop()
  await provider.close()
})

interface Seen {
  readonly sentAt: number
  readonly status: number
}

/** Uses a session at A every 10 milliseconds, pages and data in turn, until it is stopped. */
function useSession(jar: Jar): { readonly seen: Seen[]; stop(): Promise<void> } {
  const seen: Seen[] = []
  const running = new Set<Promise<void>>()
  const ask = async (i: number): Promise<void> => {
    const sentAt = performance.now()
    const browser = jar.copy()
    const answer =
      i % 2 === 0
        ? await script(apps.a, browser)
        : await apps.a.send('/hello', { jar: browser, headers: NAVIGATION })
    seen.push({ sentAt, status: answer.status })
  }
  let count = 0
  const timer = setInterval(() => {
    const one = ask(count++).finally(() => running.delete(one))
    running.add(one)
  }, 10)
  return {
    seen,
    async stop() {
      clearInterval(timer)
      await Promise.all(running)
    },
  }
}

interface Ending {
  readonly jar: Jar
  readonly other: Jar
  readonly person: PersonAtProvider
}

const ENDINGS: readonly (readonly [string, (ending: Ending) => Promise<unknown>])[] = [
  ['sign-out', ({ jar }) => apps.b.signOut(jar.copy())],
  [
    'a logout token by sid',
    async ({ person: { sid } }) => tell(apps.b, await logoutToken(provider, { sid })),
  ],
  [
    'a logout token by sub',
    async ({ person: { sub } }) => tell(apps.b, await logoutToken(provider, { sub })),
  ],
  [
    'ending it from the list',
    async ({ other }) => endOne(apps.b, other, (await handlesOf(apps.b, other))[0] ?? ''),
  ],
  ['ending all others', ({ other }) => endOthers(apps.b, other)],
  ['sign-out everywhere', ({ other }) => endEverywhere(apps.b, other)],
]

describe('PF-05 P-10 SE-11 a session in use at A every 10 ms ends at B', () => {
  test.each(ENDINGS)('PF-05 %s: A refuses within one second, and goes on refusing', async (_name, end) => {
    // So that refreshes are under way all the time.
    provider.accessTokenLife = 1
    const person = personWithSession()
    const jar = await signedIn(apps.a, provider, person)
    const other = await signedIn(apps.b, provider, { ...person, sid: 'of-the-other-browser' })
    const use = useSession(jar)
    try {
      await until(() => use.seen.length >= 60 || undefined)
      await end({ jar, other, person })
      const ended = performance.now()
      const late = (): readonly Seen[] => use.seen.filter(({ sentAt }) => sentAt > ended + 1000)
      await until(() => late().length >= 50 || undefined)
      const before = use.seen.filter(({ sentAt }) => sentAt < ended - 500).map(({ status }) => status)
      expect(new Set(before)).toEqual(new Set([200]))
      expect(new Set(late().map(({ status }) => status))).toEqual(new Set([302, 401]))
    } finally {
      await use.stop()
    }
    expect((await script(apps.b, jar.copy())).status).toBe(401)
    expect(provider.families.reused).toBe(0)
    expect(provider.grants('refresh_token')).toBeGreaterThan(0)
  })
})

describe('AC-04 GET /session in two processes', () => {
  test('AC-04 polled at both until SESSION_IDLE_TIMEOUT is over: the session ends, and nothing was refreshed', async () => {
    provider.accessTokenLife = 1
    const jar = await signedIn(apps.a, provider)
    const begun = performance.now()
    const polls = await until(async () => {
      const answers = await Promise.all([script(apps.a, jar, '/session'), script(apps.b, jar, '/session')])
      return answers.every(({ status }) => status === 401) ? answers : undefined
    }, 4000)
    const lasted = performance.now() - begun
    expect(lasted).toBeGreaterThan(1500)
    expect(lasted).toBeLessThan(3000)
    for (const answer of polls) expect(answer.json()).toMatchObject({ error: 'unauthorized' })
    expect(provider.grants('refresh_token')).toBe(0)
    for (const app of [apps.a, apps.b]) expect((await app.navigate('/hello', jar)).status).toBe(302)
  })

  test('AC-04 use beside the polling, at either process, keeps it alive', async () => {
    const jar = await signedIn(apps.a, provider)
    const end = performance.now() + 2600
    for (let i = 0; performance.now() < end; i++) {
      expect((await script(apps.a, jar, '/session')).status).toBe(200)
      if (i % 5 === 0) expect((await script(i % 2 === 0 ? apps.a : apps.b, jar)).status).toBe(200)
      await delay(50)
    }
  })

  test('AC-04 it is the same at both, with no token and no session id, for our own origin alone', async () => {
    const jar = await signedIn(apps.a, provider)
    const headers = {
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'no-cors',
    }
    const bodies: string[] = []
    for (const app of [apps.a, apps.b]) {
      const answer = await app.send('/session?callback=x', {
        jar,
        headers: { ...headers, 'sec-fetch-dest': 'script' },
      })
      expect([answer.status, answer.cookies]).toEqual([200, []])
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'content-type': 'application/json; charset=utf-8',
        'cross-origin-resource-policy': 'same-origin',
      })
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(Object.keys(answer.json() as object).sort()).toEqual([
        'acr',
        'authenticated_at',
        'email',
        'expires_at',
        'logout',
        'name',
        'subject',
        'username',
      ])
      expect(answer.body).not.toMatch(/eyJ|refresh-|sid/)
      // The end is as far away for both as their clocks are.
      bodies.push(answer.body.replace(/"expires_at":"[^"]*"/, ''))
    }
    expect(bodies[0]).toBe(bodies[1])
  })
})
