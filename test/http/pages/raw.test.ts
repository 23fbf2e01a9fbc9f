import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect } from 'node:net'
import { expectHonestLogin } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})

afterAll(async () => {
  await app.stop()
  await provider.close()
})

/** Bytes as they are, after which our side is closed; the status of every answer that comes. */
function statuses(bytes: string): Promise<readonly number[]> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(app.port, '127.0.0.1', () => socket.end(bytes, 'latin1'))
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    // A server that has said no need not read the rest.
    socket.on('error', () => undefined)
    socket.on('close', () =>
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))),
    )
  })
}

const host = (): string => `Host: 127.0.0.1:${app.port}\r\n`
/** What must not be taken for a second request. */
const smuggled = (): string => `GET /healthz HTTP/1.1\r\n${host()}\r\n`

describe('IN-03 requests that two servers would read in two ways', () => {
  test.each<[string, () => string]>([
    [
      'a length and chunks',
      () =>
        `POST /logout HTTP/1.1\r\n${host()}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled()}`,
    ],
    [
      'two lengths',
      () => `POST /logout HTTP/1.1\r\n${host()}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${smuggled()}`,
    ],
    [
      'an encoding that is none',
      () => `POST /logout HTTP/1.1\r\n${host()}Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc`,
    ],
    ['a blank before the colon', () => `GET /login HTTP/1.1\r\n${host()}Content-Length : 5\r\n\r\nabcde`],
    [
      'a bad chunk',
      () => `POST /logout HTTP/1.1\r\n${host()}Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n0\r\n\r\n`,
    ],
    ['a NUL in a header', () => `GET /login HTTP/1.1\r\n${host()}X: a\0b\r\n\r\n`],
    ['no Host', () => 'GET /login HTTP/1.1\r\n\r\n'],
    ['a line folded', () => `GET /login HTTP/1.1\r\n${host()}X: a\r\n b\r\n\r\n`],
    ['line feeds alone', () => `GET /login HTTP/1.1\n${host().replace('\r', '')}\n\n`],
  ])('IN-03 %s: one answer at most, and none is 5xx', async (_what, bytes) => {
    const answers = await statuses(bytes())
    expect(answers.length).toBeLessThanOrEqual(1)
    for (const status of answers) expect(status).toBeLessThan(500)
  })

  test.each<[string, () => string]>([
    [
      'a length and chunks',
      () =>
        `POST /logout HTTP/1.1\r\n${host()}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'two lengths',
      () => `POST /logout HTTP/1.1\r\n${host()}Content-Length: 0\r\nContent-Length: 44\r\n\r\n`,
    ],
    ['no Host', () => 'GET /login HTTP/1.1\r\n\r\n'],
  ])('IN-03 %s is 400', async (_what, bytes) => {
    expect(await statuses(bytes())).toEqual([400])
  })

  test('IN-03 two requests in a row, properly written, get two answers', async () => {
    expect(await statuses(smuggled() + smuggled())).toEqual([200, 200])
    await expectHonestLogin(app, provider)
  })
})
