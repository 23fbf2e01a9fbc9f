import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { json, ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { newPerson } from '../../support/test-app.js'
import { until } from '../../support/until.js'
import { script, signedIn, startTwoApps, type TwoApps } from '../refresh/two-apps.js'
import { endEverywhere, endOne, endOthers, handlesOf, noticeOf, unproven } from './account-page.js'

let provider: ScriptedProvider
let apps: TwoApps
let clock = new Clock()
let person: Person
/** Of the person: this browser, and two others, one begun at each process. Then somebody else’s. */
let jar: Jar
let others: readonly [Jar, Jar]
let stranger: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  apps = await startTwoApps(provider, { now: () => clock.now(), upstreamTimeout: 1 })
})
beforeEach(async () => {
  provider.reset()
  clock = new Clock()
  person = newPerson()
  // The order in which the families are begun.
  jar = await signedIn(apps.a, provider, person)
  others = [await signedIn(apps.a, provider, person), await signedIn(apps.b, provider, person)]
  stranger = await signedIn(apps.b, provider)
})
afterAll(async () => {
  await apps.stop()
  await provider.close()
})

/** Which of the browsers are signed in; both processes agree. */
async function alive(...jars: readonly Jar[]): Promise<readonly boolean[]> {
  const seen = await Promise.all(
    [apps.a, apps.b].map((app) =>
      Promise.all(jars.map(async (browser) => (await script(app, browser.copy())).status === 200)),
    ),
  )
  expect(seen[0]).toEqual(seen[1])
  return seen[0] ?? []
}

/** Which of the person's logins are over at the provider, in the order of their beginning. */
const revoked = (): readonly boolean[] => provider.families.of(person).map(({ isRevoked }) => isRevoked)
const sentToLogout = (): readonly (string | null)[] =>
  provider.calls.filter(({ endpoint }) => endpoint === 'logout').map(({ form }) => form.get('refresh_token'))

/** Does it, and looks at once: it is over before it is answered. */
const within = async <T>(run: () => Promise<T>, limit = 1000): Promise<T> => {
  const begun = performance.now()
  const result = await run()
  expect(performance.now() - begun).toBeLessThan(limit)
  return result
}

describe('AC-03 one session', () => {
  test('AC-03 is over on both processes and at the provider, by its own refresh token; no other is', async () => {
    const [handle = ''] = await handlesOf(apps.a, jar)
    const answer = await within(() => endOne(apps.b, jar, handle))
    expect([answer.status, unproven(answer)]).toEqual([303, '/account?ended=1&left=0'])
    const [first, second] = await alive(...others)
    expect([first, second].filter(Boolean)).toHaveLength(1)
    expect(await alive(jar, stranger)).toEqual([true, true])
    expect(revoked()).toEqual([false, !first, !second])
    expect(sentToLogout()).toHaveLength(1)
    expect(await noticeOf(apps.a, jar, answer.location ?? '')).toBe('One session was ended.')
    expect(await handlesOf(apps.a, jar)).toHaveLength(1)
  })

  test('AC-03 one that is renewed meanwhile ends by its newest refresh token', async () => {
    provider.accessTokenLife = 60
    const friend = newPerson()
    const [mine, other] = [await signedIn(apps.a, provider, friend), await signedIn(apps.a, provider, friend)]
    clock.forward(61)
    await script(apps.b, other)
    const newest = provider.families.newest(friend)
    const [handle = ''] = await handlesOf(apps.b, other)
    const [theirs = ''] = await handlesOf(apps.a, mine)
    expect(handle).not.toBe(theirs)
    await endOne(apps.a, mine, theirs)
    expect(sentToLogout()).toEqual([newest])
    expect(await alive(other)).toEqual([false])
  })
})

describe('AC-03 all others', () => {
  test('AC-03 are over on both processes and at the provider; this one and those of others are not', async () => {
    const answer = await within(() => endOthers(apps.a, jar))
    expect([answer.status, unproven(answer)]).toEqual([303, '/account?ended=2&left=0'])
    expect(await alive(jar, ...others, stranger)).toEqual([true, false, false, true])
    expect(revoked()).toEqual([false, true, true])
    expect(new Set(sentToLogout()).size).toBe(2)
    expect(await noticeOf(apps.b, jar, answer.location ?? '')).toBe('2 sessions were ended.')
    expect(await handlesOf(apps.b, jar)).toEqual([])
  })

  test('AC-03 one in another browser under the same sign-on session ends here alone: this one would end with it', async () => {
    const friend = newPerson({ sid: 'shared' })
    const [mine, other] = [await signedIn(apps.a, provider, friend), await signedIn(apps.b, provider, friend)]
    const answer = await endOthers(apps.a, mine)
    expect(unproven(answer)).toBe('/account?ended=1&left=0')
    expect(await alive(mine, other)).toEqual([true, false])
    expect(sentToLogout()).toEqual([])
  })

  test('AC-03 there is none: nothing is ended, and it is no error', async () => {
    const answer = await endOthers(apps.a, stranger)
    expect([answer.status, unproven(answer)]).toEqual([303, '/account?ended=0&left=0'])
    expect(await alive(jar, ...others, stranger)).toEqual([true, true, true, true])
  })
})

describe('AC-03 sign out everywhere', () => {
  test('AC-03 every session is over on both processes and at the provider, and the browser goes on there', async () => {
    const answer = await within(() => endEverywhere(apps.b, jar))
    expect(answer.status).toBe(303)
    const url = new URL(answer.location ?? '')
    expect(url.origin + url.pathname).toBe(`${provider.issuer}/protocol/openid-connect/logout`)
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${apps.a.publicUrl}/`)
    expect(jar.get('latchkey')).toBeUndefined()
    expect(await alive(...others, stranger)).toEqual([false, false, true])
    expect(revoked()).toEqual([true, true, true])
    expect(new Set(sentToLogout()).size).toBe(3)
  })

  test('AC-03 the cookie of this session is dead for whoever kept it', async () => {
    const kept = jar.copy()
    await endEverywhere(apps.a, jar)
    expect(await alive(kept)).toEqual([false])
  })

  test('AC-03 as a link it does nothing', async () => {
    expect((await apps.a.navigate('/account/logout-everywhere', jar)).status).toBe(404)
    expect(await alive(jar, ...others)).toEqual([true, true, true])
  })
})

describe('AC-03 the provider is away', () => {
  test('AC-03 all others end here, and the page says what was left', async () => {
    await provider.close()
    try {
      const answer = await within(() => endOthers(apps.a, jar), 2000)
      expect([answer.status, unproven(answer)]).toEqual([303, '/account?ended=2&left=2'])
      expect(await alive(jar, ...others, stranger)).toEqual([true, false, false, true])
      const notice =
        '2 sessions were ended. Keycloak could not be told of 2 of them: a session there may still be open.'
      expect(await noticeOf(apps.a, jar, answer.location ?? '')).toBe(notice)
    } finally {
      await provider.open()
    }
  })

  test('AC-03 signing out everywhere ends them here, and the page says that the provider does not know', async () => {
    await provider.close()
    try {
      const answer = await within(() => endEverywhere(apps.a, jar), 2000)
      expect([answer.status, answer.location, jar.get('latchkey')]).toEqual([200, undefined, undefined])
      expect(answer.body).toContain('Keycloak')
      expect(answer.body).toContain(`${provider.issuer}/protocol/openid-connect/logout`)
      expect(await alive(...others, stranger)).toEqual([false, false, true])
    } finally {
      await provider.open()
    }
  })

  test('AC-03 silent: they are over here at once, and the answer comes within the deadline', async () => {
    provider.answers.logout = () => undefined
    const answer = endOthers(apps.a, jar)
    const refused = async (): Promise<true | undefined> =>
      (await alive(...others)).includes(true) ? undefined : true
    await within(() => until(refused))
    expect(unproven(await answer)).toBe('/account?ended=2&left=2')
  })

  test.each(['refuses', 'fails at'])(
    'AC-03 it %s one of the refresh tokens: that one is left, and all are over here',
    async (how) => {
      const refusedToken = provider.families.newest(person)
      provider.answers.logout = (call, res) => {
        const token = call.form.get('refresh_token') ?? ''
        if (token === refusedToken && how === 'refuses') json(res, 400, { error: 'invalid_grant' })
        else if (token === refusedToken) res.writeHead(500).end()
        else {
          provider.families.revokeBy(token)
          res.writeHead(204).end()
        }
      }
      const answer = await endOthers(apps.b, jar)
      expect(unproven(answer)).toBe('/account?ended=2&left=1')
      expect(await alive(jar, ...others, stranger)).toEqual([true, false, false, true])
      expect(revoked()).toEqual([false, true, false])
      expect(await noticeOf(apps.b, jar, answer.location ?? '')).toBe(
        '2 sessions were ended. Keycloak could not be told of one of them: a session there may still be open.',
      )
    },
  )

  test('AC-03 it refuses one while signing out everywhere: the others are told, and all are over here', async () => {
    const refusedToken = provider.families.newest(person)
    provider.answers.logout = (call, res) => {
      const token = call.form.get('refresh_token') ?? ''
      if (token === refusedToken) json(res, 400, { error: 'invalid_grant' })
      else {
        provider.families.revokeBy(token)
        res.writeHead(204).end()
      }
    }
    const answer = await endEverywhere(apps.b, jar)
    expect([303, 200]).toContain(answer.status)
    expect(await alive(...others, stranger)).toEqual([false, false, true])
    expect(revoked()).toEqual([true, true, false])
  })
})
