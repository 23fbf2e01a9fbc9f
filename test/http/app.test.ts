import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Express } from 'express'
import request from 'supertest'
import { createApp } from '../../src/app.js'
import { silentLog } from '../../src/log.js'
import { buildServices } from '../../src/services.js'
import { AUDIENCE, CLIENT_ID, CLIENT_SECRET, ScriptedProvider } from '../support/scripted-provider.js'

describe('the app as a whole', () => {
  let provider: ScriptedProvider
  let app: Express
  let shuttingDown = false

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
    const services = buildServices({
      publicUrl: 'http://127.0.0.1',
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      apiAudience: AUDIENCE,
      log: silentLog,
    })
    app = createApp({ ...services, trustProxy: false, isShuttingDown: () => shuttingDown })
  })
  afterAll(() => provider.close())

  test('C003-10 liveness waits for nothing, readiness has one line a dependency', async () => {
    await request(app).get('/healthz').expect(200, 'ok\n')
    await request(app).get('/readyz').expect(200, 'provider: ok\nstore: ok\n')
  })

  test('P-15 a process that is ending is not ready', async () => {
    shuttingDown = true
    await request(app)
      .get('/readyz')
      .expect(503, /process: shutting down/)
    shuttingDown = false
  })

  test('what is not there is 404: a page for a person, JSON for a program', async () => {
    await request(app)
      .get('/nothing')
      .set('Host', '127.0.0.1')
      .set('Accept', 'text/html')
      .expect(404)
      .expect('Content-Type', /html/)
    await request(app)
      .get('/nothing')
      .set('Accept', 'application/json')
      .expect(404, { error: 'not_found', error_description: 'There is nothing at this address' })
  })

  test('the style sheet may be kept, pages may not', async () => {
    const style = await request(app).get('/latchkey/style.css').expect(200).expect('Content-Type', /css/)
    expect(style.headers['cache-control']).toBe('public, max-age=3600')
    await request(app).get('/').expect(200).expect('Cache-Control', 'no-store')
  })

  test('C000-23 projects for a bearer token', async () => {
    const token = await provider.accessToken()
    const answer = await request(app).get('/api/projects').auth(token, { type: 'bearer' }).expect(200)
    expect(answer.body).toEqual({ version: expect.any(String), projects: expect.any(Array) })
  })
})
