import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createServer, type AddressInfo } from 'node:net'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { actsOnTerminals, latchkey, type Run } from '../../support/cli-process.js'
import { resetWorld, startWorld, stopWorld, type World } from './scripted-world.js'

let world: World

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => resetWorld(world))
afterAll(() => stopWorld(world))

const whoami = (API_URL = world.api.url): Promise<Run> =>
  latchkey(['whoami', '--flow', 'public'], { env: { ...world.env(), API_URL } })

/** Makes every token one that tells nothing by its look. */
function giveOpaqueTokens(): void {
  let count = 0
  world.provider.answers.token = (_call, res) => {
    const access_token = `opaque-token-${++count}-12345`
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify({ access_token, token_type: 'Bearer', expires_in: 300 }))
  }
}

const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`

describe('an API that repeats the token', () => {
  beforeEach(giveOpaqueTokens)

  test('CL-02 in its refusal: the words are withheld, the rest is shown', async () => {
    world.api.answer = ({ token = '' }) => ({
      status: 403,
      body: { error: 'forbidden', error_description: `not for Bearer ${token}` },
    })
    const { code, stdout, stderr } = await whoami()

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('answered 403 (forbidden: (withheld')
    expect(stderr).not.toContain('opaque-token')
  })

  test('CL-02 in the refusal of the second one: withheld, too', async () => {
    world.api.answer = ({ token = '' }) => ({ status: 401, body: { error: token } })
    const { code, stdout, stderr } = await whoami()

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(world.api.tokens).toEqual(['opaque-token-1-12345', 'opaque-token-2-12345'])
    expect(stderr).toContain('answered 401 ((withheld')
    expect(stderr).not.toContain('opaque-token')
  })

  test.each([
    ['as it is', (token: string) => token],
    ['escaped', (token: string) => token.replace('o', '\\u006f')],
  ])('CL-02 in its answer, %s: that is not printed', async (_name, written) => {
    world.api.answer = ({ token = '' }) => ({ status: 200, body: `{"you":"sent Bearer ${written(token)}"}` })
    const { code, stdout, stderr } = await whoami()

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('answered 200, with the access token in it')
  })
})

describe('an API that answers strangely', () => {
  test.each([
    ['200', 3],
    ['403', 3],
    ['500', 5],
  ])('CL-02 JSON of 200,000 levels with %s is refused by name', async (status, code) => {
    world.api.next = [{ status: Number(status), body: nested(200_000) }]
    const run = await whoami()

    expect({ code: run.code, stdout: run.stdout }).toEqual({ code, stdout: '' })
    expect(run.stderr).toContain(`GET ${world.api.url}/api/whoami answered ${status}`)
    if (status === '200') expect(run.stderr).toContain('nested')
  })

  test.each([
    ['999 Other', 5, ''],
    ['200 成功', 0, ''],
    ['403 verweigert für dich\u001b[2J', 3, 'answered 403'],
    ['099 Low', 5, ''],
  ])('CL-05 the status line "%s" is no bug of ours', async (status, code, words) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () =>
        socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const run = await whoami(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      expect({ code: run.code, stderr: run.stderr }).toEqual({ code, stderr: expect.stringContaining(words) })
      expect(run.stderr).not.toContain('bug')
      expect(actsOnTerminals(run.stderr)).toBe(false)
    } finally {
      server.close()
    }
  })
})

describe('the JSON of an API', () => {
  test('C000-24 is printed on one line, with its numbers, order and words as they are', async () => {
    world.api.next = [
      {
        status: 200,
        body: '{ "id": 12345678901234567890,\r\n\t"b": [1.0, 2e3] ,\n"a": "x  \\" : y\\\\" }\n',
      },
    ]
    const { code, stdout } = await whoami()

    expect(code).toBe(0)
    expect(stdout.split('\n')[1]).toBe('{"id":12345678901234567890,"b":[1.0,2e3],"a":"x  \\" : y\\\\"}')
  })
})
