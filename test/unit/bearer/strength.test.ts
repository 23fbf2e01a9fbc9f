import { describe, expect, test } from '@jest/globals'
import express from 'express'
import supertest from 'supertest'
import { createRequireBearer, type RequireBearerOptions } from '../../../src/bearer/require-bearer.js'
import type { Auth } from '../../../src/http/auth.js'
import { silentLog } from '../../../src/log.js'

const NOW = 1_700_000_000

/** A guard before a route, for tokens whose signature somebody else has checked. */
async function ask(options: RequireBearerOptions, claims: Record<string, unknown>, scope: string[] = []) {
  const auth = { claims, scope: new Set(scope), roles: { realm: [], client: {} } } as unknown as Auth
  const requireBearer = createRequireBearer({
    verifier: { verify: () => Promise.resolve(auth) },
    audience: 'the-api',
    challenge: { realm: 'latchkey', resourceMetadata: 'https://app.example/meta' },
    clockTolerance: 30,
    log: silentLog,
    now: () => NOW * 1000,
  })
  const app = express().get('/', requireBearer(options), (_req, res) => void res.json({ served: true }))
  return supertest(app).get('/').set('Authorization', 'Bearer a.b.c')
}

describe('a route that asks a stronger or newer authentication of a token (RFC 9470)', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a lower acr', { acr: 'pwd', auth_time: NOW }],
    ['no acr', { auth_time: NOW }],
    ['an acr in a list', { acr: ['2fa'], auth_time: NOW }],
    ['an old auth_time', { acr: '2fa', auth_time: NOW - 3600 }],
    ['no auth_time', { acr: '2fa' }],
    ['an auth_time to come', { acr: '2fa', auth_time: NOW + 3600 }],
  ])('SU-05 %s: 401 with a challenge that says what is needed, never 403', async (_name, claims) => {
    const answer = await ask({ acr: '2fa', maxAge: 60 }, claims)
    const { status, headers } = answer
    expect(status).toBe(401)
    expect(headers['www-authenticate']).toMatch(
      /^Bearer .*error="insufficient_user_authentication".*acr_values="2fa", max_age="60"/,
    )
    expect(headers['cache-control']).toBe('no-store')
    expect(answer.body).toEqual({
      error: 'insufficient_user_authentication',
      error_description: 'A stronger or newer authentication is needed',
    })
  })

  test('SU-05 is asked for before the scope: a client can act upon it', async () => {
    expect((await ask({ acr: '2fa', scope: ['x'] }, { acr: 'pwd' })).status).toBe(401)
    expect((await ask({ acr: '2fa', scope: ['x'] }, { acr: '2fa' })).status).toBe(403)
  })

  test('SU-05 a good one is served, and who asks nothing serves all', async () => {
    expect((await ask({ acr: ['gold', '2fa'], maxAge: 60 }, { acr: '2fa', auth_time: NOW })).status).toBe(200)
    expect((await ask({}, {})).status).toBe(200)
  })

  test.each([
    { acr: '' },
    { acr: [] },
    { maxAge: -1 },
    { maxAge: '60' },
    { max_age: 60 },
    { ACR: '2fa' },
    { acr: undefined },
  ])('SU-05 the option %p is refused when the guard is made', async (options) => {
    await expect(ask(options as never, {})).rejects.toThrow(/^requireBearer: /)
  })
})
