import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rawGet, sendRaw, type RawAnswer } from '../../support/raw-request.js'
import { expectAcceptedToken } from '../../support/refused-token.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
afterAll(async () => {
  await expectAcceptedToken(app, await provider.accessToken())
  await app.stop()
  await provider.close()
})

/** No body that is only for those who are known, and no bug. */
function expectClosed({ status, text }: RawAnswer): void {
  expect(text).not.toMatch(/secured data|I know who I am|"username"|"projects"/i)
  expect(status).toBeLessThan(500)
}

describe('other ways to write a guarded address (RFC 3986 §6.2)', () => {
  test.each([
    '/SECURE-DATA',
    '/Secure-Data',
    '/secure-data/',
    '//secure-data',
    '/secure-data//',
    '/%73ecure-data',
    '/secure%2ddata',
    '/secure-data%2f',
    '/secure-data%00',
    '/secure-data%23',
    '/secure-data%20',
    '/secure-data;x',
    '/secure-data;/',
    '/./secure-data',
    '/x/../secure-data',
    '/healthz/../secure-data',
    '/healthz;/../secure-data',
    '/healthz/%2e%2e/secure-data',
    '/.well-known/../secure-data',
    '/secure-data?x=/healthz',
    '/secure-data?_method=HEAD',
    '/secure-data#x',
    '/secure-data.json',
    '/secure-data\\',
    '\\secure-data',
    '/secure-data\t',
    'http://127.0.0.1/secure-data',
    'http://evil.example/secure-data',
    '/api/whoami/',
    '/API/WHOAMI',
    '//api/whoami',
    '/api//whoami',
    '/api/%77hoami',
    '/api/projects/',
    '/API/PROJECTS',
    '/hello/',
    '//hello',
    '/HELLO',
    '/%68ello',
  ])('AZ-03 GET %p shows nothing without credentials', async (target) => {
    expectClosed(await rawGet(app.port, target, ['Accept: application/json']))
    expectClosed(await rawGet(app.port, target, ['Accept: text/html', 'Sec-Fetch-Mode: navigate']))
  })
})

describe('headers that other servers believe', () => {
  test.each([
    'X-HTTP-Method-Override: OPTIONS',
    'X-Method-Override: HEAD',
    'User-Agent: kube-probe/1.29',
    'User-Agent: GoogleHC/1.0',
    'User-Agent: ELB-HealthChecker/2.0',
    'X-Original-URL: /healthz',
    'X-Rewrite-URL: /secure-data',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-User: admin',
    'X-Forwarded-Email: admin@example.test',
    'X-Auth-Request-User: admin',
    'Remote-User: admin',
    'X-Middleware-Subrequest: middleware',
    'X-Internal: true',
  ])('AZ-03 %s lets nobody in', async (header) => {
    for (const path of ['/secure-data', '/api/whoami', '/api/projects'])
      expect(await rawGet(app.port, path, [header])).toMatchObject({ status: 401 })
    const page = await rawGet(app.port, '/hello', [header])
    expect(page.status).toBe(401)
    expectClosed(page)
  })

  test('AZ-03 an upgrade lets nobody in', async () => {
    const lines = [
      'GET /secure-data HTTP/1.1',
      `Host: 127.0.0.1:${app.port}`,
      'Upgrade: websocket',
      'Connection: Upgrade, close',
    ]
    const answer = await sendRaw(app.port, `${lines.join('\r\n')}\r\n\r\n`)
    expect(answer.status).toBe(401)
  })
})

describe('other methods', () => {
  test.each(['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])(
    'AZ-03 %s shows nothing without credentials',
    async (method) => {
      for (const path of ['/secure-data', '/api/projects', '/api/whoami', '/hello']) {
        const lines = [
          `${method} ${path} HTTP/1.1`,
          `Host: 127.0.0.1:${app.port}`,
          'Content-Length: 0',
          'Connection: close',
        ]
        const answer = await sendRaw(app.port, `${lines.join('\r\n')}\r\n\r\n`)
        expectClosed(answer)
        expect([401, 404, ...(method === 'OPTIONS' ? [200] : [])]).toContain(answer.status)
      }
    },
  )

  test('AZ-03 HEAD is guarded like GET', async () => {
    const send = (headers: object) => app.send('/secure-data', { method: 'HEAD', headers: { ...headers } })
    expect(await send({})).toMatchObject({ status: 401, body: '' })
    expect(await send({ authorization: `Bearer ${await provider.accessToken()}` })).toMatchObject({
      status: 200,
      body: '',
    })
  })
})
