import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin, expectRefusedLogin } from '../../support/logins.js'
import { json, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import { edited, expectRefusedCallback } from './callbacks.js'

let provider: ScriptedProvider
let app: TestApp
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})

beforeEach(() => {
  jar = new Jar()
})

afterEach(() => provider.reset())

afterAll(async () => {
  await app.stop()
  await provider.close()
})

function rename(query: URLSearchParams, name: string, other: string): void {
  query.set(other, query.get(name) ?? '')
  query.delete(name)
}

/** The callback of a login that this browser began. */
const approved = async (path = '/login'): Promise<URL> =>
  provider.approve((await app.beginLogin(jar, path)).href, newPerson())

describe('FL-03 C002-02 the code of somebody else', () => {
  const foreign = async (state: string | undefined): Promise<URL> => {
    const url = provider.approve((await app.beginLogin(new Jar())).href, newPerson())
    return edited(url, (query) => (state === undefined ? query.delete('state') : query.set('state', state)))
  }

  test.each(['x', 'x'.repeat(43), undefined])(
    'FL-03 in a browser that began no login, with state %s',
    async (state) => {
      await expectRefusedCallback(app, provider, { url: await foreign(state), jar })
      await expectHonestLogin(app, provider, jar)
    },
  )

  test('FL-03 in a browser that began no login, with the state of its own browser', async () => {
    const url = provider.approve((await app.beginLogin(new Jar())).href, newPerson())
    const answer = await expectRefusedCallback(app, provider, { url, jar })
    expect(answer.body).toContain('unknown_login')
    await expectHonestLogin(app, provider, jar)
  })

  test('FL-03 over a live session: that session goes on', async () => {
    const person = newPerson()
    await app.signIn(provider, jar, person)
    const before = provider.count('token')
    const cookie = jar.header
    const answer = await app.callback(await foreign('x'), jar)
    expect([answer.status, answer.cookies]).toEqual([400, []])
    expect([provider.count('token'), jar.header]).toEqual([before, cookie])
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
  })
})

describe('FL-05 C002-02 C003-02 a callback that is not whole', () => {
  test.each<[string, (query: URLSearchParams) => void]>([
    ['no state', (q) => q.delete('state')],
    ['an empty state', (q) => q.set('state', '')],
    ['a longer state', (q) => q.set('state', `${q.get('state') ?? ''}1`)],
    ['a cut state', (q) => q.set('state', (q.get('state') ?? '').slice(0, -1))],
    ['the state in another case', (q) => q.set('state', (q.get('state') ?? '').toUpperCase())],
    ['the state twice', (q) => q.append('state', q.get('state') ?? '')],
    ['a second state', (q) => q.append('state', 'x')],
    ['state[]', (q) => rename(q, 'state', 'state[]')],
    ['state[a]', (q) => rename(q, 'state', 'state[a]')],
    ['__proto__ as state', (q) => q.set('state', '__proto__')],
    ['constructor as state', (q) => q.set('state', 'constructor')],
    ['no code', (q) => q.delete('code')],
    ['an empty code', (q) => q.set('code', '')],
    ['the code twice', (q) => q.append('code', q.get('code') ?? '')],
    ['a second code', (q) => q.append('code', 'x')],
    ['code[]', (q) => rename(q, 'code', 'code[]')],
    ['session_state twice', (q) => q.append('session_state', 'x')],
    ['nothing at all', (q) => [...q.keys()].forEach((name) => q.delete(name))],
  ])('FL-05 %s: 400, and the code is not redeemed', async (_name, change) => {
    await expectRefusedCallback(app, provider, { url: edited(await approved(), change), jar })
    await expectHonestLogin(app, provider, jar)
  })

  test('C002-02 a wrong state touches no pending login; the right one is taken once', async () => {
    const url = await approved()
    await expectRefusedCallback(app, provider, { url: edited(url, (q) => q.set('state', 'x')), jar })
    expect((await app.callback(url, jar)).status).toBe(303)
  })

  test('FL-05 a script gets the refusal as JSON', async () => {
    const url = edited(await approved(), (q) => q.delete('code'))
    const answer = await app.send(url.pathname + url.search, { jar, headers: SCRIPT })
    expect([answer.status, answer.json()]).toEqual([
      400,
      { error: 'invalid_response', error_description: 'The authorization response is malformed' },
    ])
  })
})

describe('FL-07 the nonce of the ID token', () => {
  const set = (nonce: unknown): void => {
    provider.onIdToken = (draft) => ({ ...draft, claims: { ...draft.claims, nonce } })
  }

  test.each<[string, () => void]>([
    ['missing', () => set(undefined)],
    ['null', () => set(null)],
    ['empty', () => set('')],
    ['a number', () => set(1)],
    [
      'a list that holds it',
      () => {
        provider.onIdToken = (draft) => ({
          ...draft,
          claims: { ...draft.claims, nonce: [draft.claims['nonce']] },
        })
      },
    ],
    [
      'longer by one character',
      () => {
        provider.onIdToken = (draft) => ({
          ...draft,
          claims: { ...draft.claims, nonce: `${String(draft.claims['nonce'])}1` },
        })
      },
    ],
  ])('FL-07 %s: refused', (_name, arm) => expectRefusedLogin(app, provider, arm))

  test('FL-07 C003-02 of another pending login of the same browser: refused', async () => {
    const other = (await app.beginLogin(jar)).searchParams.get('nonce')
    const url = await approved()
    set(other)
    const answer = await expectRefusedCallback(app, provider, { url, jar, redeemed: 1 })
    expect(answer.body).toContain('id_token_invalid')
    provider.reset()
    await expectHonestLogin(app, provider, jar)
  })
})

describe('FL-08 PKCE', () => {
  test('FL-08 a code of another authorization request with the state of this browser is refused', async () => {
    const stolen = provider
      .approve((await app.beginLogin(new Jar())).href, newPerson())
      .searchParams.get('code')
    const url = edited(await approved(), (q) => q.set('code', stolen ?? ''))
    const answer = await expectRefusedCallback(app, provider, { url, jar, redeemed: 1 })
    expect(answer.body).toContain('code_refused')
    await expectHonestLogin(app, provider, jar)
  })

  test('FL-08 a verifier is sent that matches the challenge', async () => {
    const url = await app.beginLogin(jar)
    await app.callback(provider.approve(url.href, newPerson()), jar)
    const verifier =
      provider.calls.find(({ endpoint }) => endpoint === 'token')?.form.get('code_verifier') ?? ''
    expect(verifier.length).toBeGreaterThanOrEqual(43)
    expect(createHash('sha256').update(verifier).digest('base64url')).toBe(
      url.searchParams.get('code_challenge'),
    )
  })

  test.each([undefined, [], ['plain'], 'none'])(
    'FL-08 metadata with code_challenge_methods_supported %j: S256 all the same',
    async (methods) => {
      provider.metadata = { code_challenge_methods_supported: methods }
      await withApp(provider, {}, async (silent) => {
        const url = await silent.beginLogin(new Jar())
        expect(url.searchParams.get('code_challenge_method')).toBe('S256')
        await expectHonestLogin(silent, provider)
      })
    },
  )
})

describe('FL-09 C003-02 iss in the callback', () => {
  const issOf = (q: URLSearchParams): string => q.get('iss') ?? ''

  test.each<[string, (query: URLSearchParams) => void]>([
    ['of another server', (q) => q.set('iss', 'https://evil.example/realms/demo')],
    ['of another realm', (q) => q.set('iss', issOf(q).replace('demo', 'other'))],
    ['with a slash at its end', (q) => q.set('iss', `${issOf(q)}/`)],
    ['in another case', (q) => q.set('iss', issOf(q).toUpperCase())],
    ['empty', (q) => q.set('iss', '')],
    ['missing although the metadata promises it', (q) => q.delete('iss')],
    ['twice', (q) => q.append('iss', issOf(q))],
    ['right and wrong', (q) => q.append('iss', 'https://evil.example')],
    ['as a list', (q) => rename(q, 'iss', 'iss[]')],
  ])('FL-09 %s: 400, token endpoint not called', async (_name, change) => {
    await expectRefusedCallback(app, provider, { url: edited(await approved(), change), jar })
    await expectHonestLogin(app, provider, jar)
  })

  test('FL-09 without the promise it may be missing, and is compared where it is there', async () => {
    provider.metadata = { authorization_response_iss_parameter_supported: undefined }
    provider.sendsIss = false
    await withApp(provider, {}, async (unpromised) => {
      await expectHonestLogin(unpromised, provider)
      const url = provider.approve((await unpromised.beginLogin(jar)).href, newPerson())
      const wrong = edited(url, (q) => q.set('iss', 'https://evil.example'))
      await expectRefusedCallback(unpromised, provider, { url: wrong, jar })
    })
  })
})

describe('FL-11 what was not asked for', () => {
  test.each<[string, (query: URLSearchParams) => void]>([
    ['id_token without a code', (q) => rename(q, 'code', 'id_token')],
    ['id_token beside a code', (q) => q.set('id_token', 'a.b.c')],
    ['access_token beside a code', (q) => q.set('access_token', 'abc')],
    ['token_type beside a code', (q) => q.set('token_type', 'Bearer')],
    ['response', (q) => q.set('response', 'a.b.c')],
  ])('FL-11 %s: 400', async (_name, change) => {
    await expectRefusedCallback(app, provider, { url: edited(await approved(), change), jar })
    await expectHonestLogin(app, provider, jar)
  })

  test('FL-11 a form post to the redirect URI redeems nothing', async () => {
    const url = await approved()
    const answer = await app.send('/authorize', {
      method: 'POST',
      jar,
      body: url.search.slice(1),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-mode': 'navigate' },
    })
    expect([answer.status, provider.count('token')]).toEqual([404, 0])
    expect(await app.whoami(jar)).toBeUndefined()
    expect((await app.callback(url, jar)).status).toBe(303)
  })
})

describe('C003-02 C002-03 a whole callback', () => {
  test('C003-02 the exchange has the code, the redirect URI, the verifier and our authentication, once', async () => {
    const url = await approved()
    await app.callback(url, jar)
    const calls = provider.calls.filter(({ endpoint }) => endpoint === 'token')
    expect(calls).toHaveLength(1)
    expect(Object.fromEntries(calls[0]?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: url.searchParams.get('code'),
      redirect_uri: `${app.publicUrl}/authorize`,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(calls[0]?.headers.authorization).toMatch(/^Basic /)
  })

  test('C002-03 userinfo is not asked when the ID token says it all', async () => {
    const person = newPerson()
    expect((await app.signIn(provider, jar, person)).status).toBe(303)
    expect(provider.count('userinfo')).toBe(0)
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub, username: person['preferred_username'] })
  })

  test('C002-03 userinfo is asked once for a claim that is missing, and only that claim comes from it', async () => {
    const person = newPerson({ email: undefined })
    provider.userinfo = { sub: person.sub, name: 'Another Name', email: 'found@example.test' }
    await app.signIn(provider, jar, person)
    expect(provider.count('userinfo')).toBe(1)
    expect(await app.whoami(jar)).toMatchObject({ primary_email: 'found@example.test' })
    expect((await app.navigate('/hello', jar)).body).toContain(`Hello, ${String(person['name'])}!`)
  })

  test('C002-03 userinfo about another person ends the login', async () => {
    const person = newPerson({ email: undefined })
    provider.answers.userinfo = (_call, res) =>
      json(res, 200, { sub: newPerson().sub, email: 'x@example.test' })
    expect((await app.signIn(provider, jar, person)).status).toBe(502)
    expect(await app.whoami(jar)).toBeUndefined()
    provider.reset()
    await expectHonestLogin(app, provider, jar)
  })
})
