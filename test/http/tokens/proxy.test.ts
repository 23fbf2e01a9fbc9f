import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCertificate } from '../../support/certificate.js'
import { ProxyWithPassword } from '../../support/proxy-with-password.js'
import { buildServer } from '../../support/server-process.js'
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'

jest.setTimeout(150_000)

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PROXY_PASSWORD = 'the-password-of-the-proxy'
const SECRET = 'theSecretOfTheChild'

/** Asks for a token, and shows it to an API; what goes wrong is printed in full. */
const PROGRAM = `
import { inspect } from 'node:util'
import { createClientCredentialsProvider, createRefreshTokenProvider } from './dist/tokens.js'
const { TARGET, SECRET: clientSecret } = process.env
const client = { tokenEndpoint: TARGET + '/token', clientId: 'child', clientSecret, timeout: 5 }
const tokens = createClientCredentialsProvider(client)
const known = createRefreshTokenProvider({ ...client, refreshToken: clientSecret, accessToken: 'known' })
const all = (error) => ({
  name: error.name,
  code: error.code,
  message: error.message,
  hint: error.hint,
  all: inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error) + error.stack,
})
const result = {}
await tokens().then((token) => (result.token = token), (error) => (result.error = all(error)))
await known.fetch(TARGET + '/api').then(
  async (answer) => {
    const copy = answer.clone()
    // What nobody holds any more is gone, and what is held is not.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 10, gc()))
    result.own = [answer, copy].every((one) => one instanceof Response && one.headers instanceof Headers)
    result.copy = [copy.url, await copy.text()]
    result.url = answer.url
    result.api = await answer.text()
  },
  (error) => (result.apiError = all(error)),
)
console.log(JSON.stringify(result))
`

interface Failure {
  readonly name: string
  readonly code?: string
  readonly message: string
  readonly hint?: string
  readonly all: string
}
interface Result {
  readonly token?: string
  readonly api?: string
  /** Of the classes that everybody's `fetch` gives. */
  readonly own?: boolean
  readonly url?: string
  readonly copy?: readonly string[]
  readonly error?: Failure
  readonly apiError?: Failure
}

describe('token providers behind a proxy', () => {
  let proxy: ProxyWithPassword
  let server: Server
  let target = ''
  let ca = ''
  let shown: (string | undefined)[] = []

  beforeAll(async () => {
    await buildServer()
    proxy = await ProxyWithPassword.start()
    const { key, cert } = createCertificate()
    ca = path.join(temporaryFolder(), 'ca.pem')
    fs.writeFileSync(ca, cert)
    server = createServer({ key, cert }, (req, res) => {
      shown.push(req.headers.authorization)
      res.writeHead(200, { 'content-type': 'application/json' })
      res.end(
        req.url === '/token' ? '{"access_token":"got","token_type":"Bearer","expires_in":300}' : '"hello"',
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    target = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  beforeEach(() => {
    proxy.reset()
    shown = []
  })
  afterAll(async () => {
    server.closeAllConnections()
    await Promise.all([proxy.stop(), new Promise((resolve) => server.close(resolve))])
    removeTemporaryFolders()
  })

  function run(env: Record<string, string>): Promise<Result> {
    const all = { PATH: process.env['PATH'], TARGET: target, SECRET, ...env }
    return new Promise((resolve, reject) => {
      const program = ['--expose-gc', '--input-type=module', '-e', PROGRAM]
      execFile(process.execPath, program, { cwd: ROOT, env: all }, (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout) as Result)
        else reject(new Error(stderr, { cause: error }))
      })
    })
  }

  const good = (): Result => ({
    token: 'got',
    api: '"hello"',
    own: true,
    url: `${target}/api`,
    copy: [`${target}/api`, '"hello"'],
  })

  test('HTTPS_PROXY is gone through for the tokens and for provider.fetch, with its password', async () => {
    const env = { HTTPS_PROXY: `http://me:${PROXY_PASSWORD}@${proxy.host}`, NODE_EXTRA_CA_CERTS: ca }
    expect(await run(env)).toEqual(good())
    expect(proxy.asked).toEqual([new URL(target).host, new URL(target).host])
    const basic = `Basic ${Buffer.from(`me:${PROXY_PASSWORD}`).toString('base64')}`
    expect(proxy.credentials).toEqual([basic, basic])
    expect(shown).toEqual([`Basic ${Buffer.from(`child:${SECRET}`).toString('base64')}`, 'Bearer known'])
  })

  test('NO_PROXY goes around it', async () => {
    const env = { HTTPS_PROXY: `http://${proxy.host}`, NO_PROXY: '127.0.0.1', NODE_EXTRA_CA_CERTS: ca }
    expect(await run(env)).toEqual(good())
    expect(proxy.asked).toEqual([])
  })

  test('TK-04 without NODE_EXTRA_CA_CERTS its certificate is not trusted: one typed error, nothing is shown', async () => {
    const { error, apiError } = await run({})
    expect(error).toMatchObject({ name: 'TokenError', code: 'unavailable' })
    expect(error?.message).toBe(`no answer from ${target}/token: DEPTH_ZERO_SELF_SIGNED_CERT`)
    expect(error?.hint).toContain('NODE_EXTRA_CA_CERTS names the file')
    expect(apiError?.name).toBe('TypeError')
    expect(error?.all).not.toContain(SECRET)
    expect(apiError?.all).not.toMatch(/known|Bearer/)
    expect(shown).toEqual([])
  })

  const REFUSED = 'the answer'
  const DOWN = 'nobody'
  const NO_ADDRESS = 'no address'
  test.each([
    ['refuses the password', REFUSED, '407 Proxy Authentication Required'],
    ['is broken', REFUSED, '502 Bad Gateway'],
    ['does not exist', DOWN, `http://me:${PROXY_PASSWORD}@127.0.0.1:1`],
    ['is no address', NO_ADDRESS, `http://me:${PROXY_PASSWORD}@:bad port/`],
    ['speaks another protocol', NO_ADDRESS, `gopher://me:${PROXY_PASSWORD}@127.0.0.1:1`],
  ])('TK-04 a proxy that %s: an error without its password, which says %s', async (_what, kind, how) => {
    const refuses = kind === REFUSED
    proxy.refusal = refuses ? how : undefined
    const address = refuses ? `http://me:${PROXY_PASSWORD}@${proxy.host}` : how
    const { error, apiError } = await run({ HTTPS_PROXY: address, NODE_EXTRA_CA_CERTS: ca })
    expect(error).toMatchObject({ name: 'TokenError', code: 'unavailable' })
    expect(apiError?.name).toMatch(/Error/)
    const basic = Buffer.from(`me:${PROXY_PASSWORD}`).toString('base64')
    const named = 'HTTPS_PROXY or HTTP_PROXY is not the address of an http(s) proxy'
    expect(String(error?.message).includes(named)).toBe(kind === NO_ADDRESS)
    expect(apiError?.message === named).toBe(kind === NO_ADDRESS)
    expect(String(error?.hint).includes('the proxy that HTTPS_PROXY')).toBe(kind === DOWN)
    for (const secret of [PROXY_PASSWORD, basic, SECRET, 'Bearer known']) {
      expect(error?.all).not.toContain(secret)
      expect(apiError?.all).not.toContain(secret)
    }
    expect(shown).toEqual([])
  })

  test('a proxy that never answers: the error comes in time, and nothing holds up the program', async () => {
    proxy.isSilent = true
    const { error } = await run({ HTTPS_PROXY: `http://${proxy.host}`, NODE_EXTRA_CA_CERTS: ca })
    expect(error?.message).toMatch(/time-out$/)
  })
})
