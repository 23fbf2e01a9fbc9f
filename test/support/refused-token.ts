import { expect } from '@jest/globals'
import type { TestApp } from './test-app.js'

/** 401 with `invalid_token` and nothing else that could be acted upon. */
export async function expectRefusedToken(app: TestApp, token: string): Promise<void> {
  const answer = await app.bearer(token)
  expect([answer.status, answer.headers['www-authenticate']]).toEqual([
    401,
    expect.stringMatching(/^Bearer realm="latchkey", error="invalid_token", /),
  ])
  expect(answer.json()).toEqual({ error: 'invalid_token', error_description: 'The token is not valid here' })
}

export async function expectAcceptedToken(app: TestApp, token: string): Promise<void> {
  const answer = await app.bearer(token)
  expect([answer.status, answer.body]).toEqual([200, '{"data":"This is secured data."}'])
}
