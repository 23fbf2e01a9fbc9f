import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { gzipSync } from 'node:zlib'
import { Jar } from '../../support/browser-jar.js'
import { sendLines } from '../../support/raw-request.js'
import { AUDIENCE, ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, SCRIPT, TestApp, type Answer, type Send } from '../../support/test-app.js'

const PATH = '/api/train-jobs'
const TRAINER = { aud: ['train-api', 'account'], scope: 'openid train/TrainJob:*' }

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
beforeEach(() => {
  app.log.length = 0
})
afterAll(async () => {
  await app.stop()
  await provider.close()
})

const begin = (): string => 'Bearer realm="latchkey", '
const end = (): string => `resource_metadata="${app.publicUrl}/.well-known/oauth-protected-resource"`

const post = (headers: Send['headers'] = {}, more: Send = {}): Promise<Answer> =>
  app.send(PATH, { method: 'POST', ...more, headers })

async function submit(claims: Record<string, unknown> = {}, more: Send = {}): Promise<Answer> {
  const token = await provider.accessToken({ ...TRAINER, ...claims })
  return post({ authorization: `Bearer ${token}`, ...more.headers }, more)
}

function expectTaken(answer: Answer): void {
  expect([answer.status, answer.headers['cache-control']]).toEqual([201, 'no-store'])
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  expect(answer.json()).toEqual({
    id: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
    state: 'queued',
    submitted_by: expect.any(String),
  })
}

function expectChallenge(answer: Answer): void {
  expect(answer).toMatchObject({ status: 401, location: undefined, cookies: [] })
  expect(answer.headers['www-authenticate']).toBe(begin() + end())
  expect(answer.json()).toEqual({ error: 'unauthorized', error_description: 'A bearer token is needed' })
}

describe('C001-04 POST /api/train-jobs', () => {
  test('without a token is 401, with a challenge that has no error', async () =>
    expectChallenge(await post()))

  test.each([
    ['a navigation', NAVIGATION],
    [
      'a form of another site',
      { ...NAVIGATION, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    ],
    ['a navigation under another host name', { ...NAVIGATION, host: `localhost:1` }],
    ['whoever prefers HTML', { accept: 'text/html' }],
  ])('and without a token leads %s nowhere', async (_who, headers) => expectChallenge(await post(headers)))

  test('and takes no session in place of a token', async () => {
    const jar = new Jar()
    await app.signIn(provider, jar)
    expect(await app.whoami(jar)).toBeDefined()
    expectChallenge(await post(SCRIPT, { jar }))
  })

  test('with a token is 201 and says who submitted what', async () => {
    const first = await submit({ sub: 'the-trainer' })
    expectTaken(first)
    expect(first.cookies).toEqual([])
    expect(first.json()).toMatchObject({ submitted_by: 'the-trainer' })
    const second = (await submit()).json() as { id: string }
    expect((first.json() as { id: string }).id).not.toBe(second.id)
  })

  test('with a token is JSON for whoever prefers HTML, and for a page of another site', async () => {
    expectTaken(await submit({}, { headers: { ...NAVIGATION, host: 'localhost:1' } }))
    expectTaken(
      await submit({}, { headers: { 'sec-fetch-site': 'cross-site', origin: 'https://other.example' } }),
    )
  })

  test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('is no address for %s', async (method) => {
    expect(await submit({}, { method })).toMatchObject({ status: 404, location: undefined })
  })
})

describe('C001-05 the audience of /api/train-jobs', () => {
  test.each<[string, unknown]>([
    ['absent', undefined],
    ['ours', AUDIENCE],
    ['ours in a list', [AUDIENCE, 'account']],
    ['a longer word', 'train-api-2'],
    ['the word among others in one text', `train-api ${AUDIENCE}`],
    ['an empty list', []],
  ])('%s is 401 invalid_token', async (_name, aud) => {
    const answer = await submit({ aud })
    expect(answer.status).toBe(401)
    const words = 'error="invalid_token", error_description="The token is not valid here", '
    expect(answer.headers['www-authenticate']).toBe(begin() + words + end())
    expect(answer.json()).toMatchObject({ error: 'invalid_token' })
  })

  test.each<[string, unknown]>([
    ['a text', 'train-api'],
    ['a list', ['train-api']],
    ['one of a list', ['account', 'train-api']],
  ])('as %s is taken', async (_name, aud) => expectTaken(await submit({ aud })))

  test('does not open what is ours', async () => {
    const token = await provider.accessToken(TRAINER)
    expect((await app.bearer(token)).status).toBe(401)
  })
})

describe('C001-06 the scope of /api/train-jobs', () => {
  test.each<[string, unknown]>([
    ['absent', undefined],
    ['another', 'openid profile'],
    ['train/TrainJob:read', 'train/TrainJob:read'],
    ['train/TrainJob:', 'train/TrainJob:'],
    ['*', '*'],
    ['train/*', 'train/*'],
    ['in another case', 'train/trainjob:*'],
    ['a list', ['train/TrainJob:*']],
  ])('%s is 403 and the missing one is named', async (_name, scope) => {
    const answer = await submit({ scope })
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toBe(
      `${begin()}error="insufficient_scope", error_description="The token does not allow this", ` +
        `scope="train/TrainJob:*", ${end()}`,
    )
    expect(answer.json()).toMatchObject({ error: 'insufficient_scope' })
  })

  test.each(['train/TrainJob:*', 'openid train/TrainJob:* email'])('%s is taken', async (scope) =>
    expectTaken(await submit({ scope })),
  )
})

describe('the body of POST /api/train-jobs', () => {
  const LARGE = 'x'.repeat(70_000)
  const body = (text: string, type = 'application/json'): Send => ({
    body: text,
    headers: { 'content-type': type },
  })

  test.each<[string, Send]>([
    ['of 70 kB', body(LARGE)],
    ['of 70 kB in pieces', { body: LARGE, headers: { 'transfer-encoding': 'chunked' } }],
  ])('%s is not even read without a token', async (_name, more) => {
    expectChallenge(await post(more.headers, more))
  })

  test('C001-04 of 70 kB is 413, and the app goes on', async () => {
    for (const more of [body(LARGE), { body: LARGE, headers: { 'transfer-encoding': 'chunked' } }]) {
      const answer = await submit({}, more)
      expect(answer.status).toBe(413)
      expect(answer.json()).toMatchObject({ error: 'bad_request' })
    }
    expectTaken(await submit())
  })

  test('C001-04 that becomes large when it is unpacked is 413', async () => {
    const token = await provider.accessToken(TRAINER)
    const packed = gzipSync('x'.repeat(5_000_000)).toString('latin1')
    const answer = await sendLines(app.port, [
      `POST ${PATH} HTTP/1.1`,
      'Host: 127.0.0.1',
      `Authorization: Bearer ${token}`,
      'Content-Encoding: gzip',
      `Content-Length: ${packed.length}`,
      'Connection: close',
      '',
      packed,
    ])
    expect(answer.status).toBe(413)
  })

  test.each<[string, Send]>([
    ['none', {}],
    ['JSON', body('{"id":"mine","state":"done","submitted_by":"somebody"}')],
    ['broken JSON', body('{"id":')],
    ['a form', body('id=mine&state=done', 'application/x-www-form-urlencoded')],
    ['a text of no type', { body: 'mine' }],
    ['60 kB', body('x'.repeat(60_000))],
  ])('C001-04 %s: it is taken, and nothing of it comes back', async (_name, more) => {
    const answer = await submit({}, more)
    expectTaken(answer)
    expect(answer.body).not.toMatch(/mine|done|somebody/)
  })
})
