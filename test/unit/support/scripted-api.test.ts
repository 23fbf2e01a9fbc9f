import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { ScriptedApi } from '../../support/scripted-api.js'

let api: ScriptedApi

beforeAll(async () => {
  api = await ScriptedApi.start()
})
beforeEach(() => api.reset())
afterAll(() => api.stop())

const ask = (token?: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${api.url}/x?y=1`, {
    redirect: 'manual',
    ...init,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })

test('a scripted API answers the next requests as told, and then as always', async () => {
  api.next = [401, ScriptedApi.redirect('http://elsewhere.example/'), { status: 503, body: 'later' }, 204]
  const answers = [await ask(), await ask(), await ask(), await ask(), await ask()]
  expect(answers.map(({ status }) => status)).toEqual([401, 302, 503, 204, 200])
  expect(answers[0]?.headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(answers[1]?.headers.get('location')).toBe('http://elsewhere.example/')
  expect(await answers[2]?.text()).toBe('later')
  expect(await answers[4]?.json()).toEqual({ ok: true })
})

test('a scripted API takes the tokens it is told to take, and keeps what was sent', async () => {
  api.takeOnly((token) => token === 'good')
  expect((await ask()).status).toBe(401)
  expect((await ask('bad', { method: 'POST', body: 'text' })).status).toBe(401)
  expect((await ask('good')).status).toBe(200)
  expect(api.tokens).toEqual([undefined, 'bad', 'good'])
  expect(api.requests[1]).toMatchObject({ method: 'POST', path: '/x?y=1', body: 'text' })
  expect(api.requests[2]?.headers).toMatchObject({ authorization: 'Bearer good' })
})
