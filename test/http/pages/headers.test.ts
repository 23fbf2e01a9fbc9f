import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { recordAnswers } from '../../support/recorder.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import { collectPages } from './every-page.js'

let provider: ScriptedProvider
let app: TestApp
let pages: ReadonlyMap<string, Answer>

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
  pages = await collectPages(app, provider)
})

afterAll(async () => {
  await app.stop()
  await provider.close()
})

const NAMES = [
  ...['start, signed out', 'sign out, nobody there', 'not found', 'link that is not right'],
  ...['no such login', 'damaged callback', 'declined', 'start', 'hello', 'account', 'sign out'],
  ...['account, two sessions and a notice', 'unknown session', 'login too weak', 'vault'],
  ...['not found, signed in', 'click from another site', 'signed out here', 'nonsense'],
]

const page = (name: string): Answer => {
  const answer = pages.get(name)
  if (answer === undefined) throw new Error(`no page ${name}`)
  return answer
}

/** The directives of a Content-Security-Policy. */
const policyOf = ({ headers }: Answer): Record<string, string> =>
  Object.fromEntries(
    String(headers['content-security-policy'])
      .split(';')
      .map((directive) => {
        const [name = '', ...values] = directive.trim().split(' ')
        return [name, values.join(' ')]
      }),
  )

describe('IN-04 what every page is', () => {
  test('IN-04 these are all pages, each with its status', () => {
    expect([...pages.keys()].sort()).toEqual([...NAMES].sort())
    expect([...pages].map(([name, { status }]) => [name, status])).toEqual([
      ['start, signed out', 200],
      ['sign out, nobody there', 200],
      ['not found', 404],
      ['link that is not right', 400],
      ['no such login', 400],
      ['damaged callback', 400],
      ['declined', 400],
      ['start', 200],
      ['hello', 200],
      ['account', 200],
      ['account, two sessions and a notice', 200],
      ['unknown session', 404],
      ['sign out', 200],
      ['not found, signed in', 404],
      ['click from another site', 403],
      ['signed out here', 200],
      ['nonsense', 502],
      ['login too weak', 403],
      ['vault', 200],
    ])
  })

  test.each(NAMES)('IN-04 %s: HTML with a language, a title, one h1 and a way on', (name) => {
    const { body, headers } = page(name)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(body).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(body.match(/<title>[^<]+<\/title>/g)).toHaveLength(1)
    expect(body.match(/<h1[ >]/g)).toHaveLength(1)
    expect(body.match(/<main[ >]/g)).toHaveLength(1)
    expect(body).toMatch(/<a [^>]*href="\/[^"]*"/)
  })

  test.each(NAMES)('IN-04 %s: works without scripts, and has no style or handler in its markup', (name) => {
    expect(page(name).body).not.toMatch(/<script|<style|\sstyle=|\son\w+=|javascript:|<iframe|<object|<base/i)
  })

  test.each(NAMES)(
    'IN-04 %s: links and forms are root-relative, but the one that ends a session elsewhere',
    (name) => {
      const { body } = page(name)
      const targets = [...body.matchAll(/(?:href|action|src)="([^"]*)"/g)].map(([, target]) => target)
      const away = targets.filter((target) => !/^\/(?!\/)|^#|^data:,$/.test(target ?? ''))
      expect(away.map((target) => target?.split('?')[0])).toEqual(
        name === 'signed out here' ? [`${provider.issuer}/protocol/openid-connect/logout`] : [],
      )
    },
  )

  test.each(NAMES)('IN-04 %s: a policy that loads and runs nothing that is not ours', (name) => {
    expect(policyOf(page(name))).toEqual({
      'default-src': "'none'",
      'style-src': "'self'",
      'img-src': "'self' data:",
      'form-action': `'self' ${provider.origin}`,
      'base-uri': "'none'",
      'frame-ancestors': "'none'",
    })
  })

  test.each(NAMES.filter((name) => !/^(start|hello|account|vault|sign out|signed out)/.test(name)))(
    'IN-04 %s: a stable code and the request’s id',
    (name) => {
      const { body, headers } = page(name)
      expect(body).toMatch(/<code>[a-z_]+<\/code>/)
      expect(body).toContain(`<code>${String(headers['x-request-id'])}</code>`)
    },
  )
})

describe('IN-04 headers of every answer', () => {
  test('IN-04 pages, JSON, redirects, refusals, files: nosniff, no framing, a referrer policy, no X-Powered-By', async () => {
    await withApp(provider, {}, async (own) => {
      const answers = recordAnswers(own)
      const jar = new Jar()
      const token = await provider.accessToken()
      await collectPages(own, provider)
      await own.signIn(provider, jar)
      for (const path of ['/session', '/api/whoami', '/nothing', '/hello'])
        await own.send(path, { jar, headers: SCRIPT })
      for (const path of ['/session', '/api/whoami', '/hello', '/healthz', '/readyz', '/latchkey/style.css'])
        await own.send(path, { headers: SCRIPT })
      for (const path of ['/secure-data', '/api/projects']) await own.bearer(token, path)
      await own.bearer(undefined)
      await own.bearer('a.b.c')
      await own.navigate('/hello')
      await own.navigate('/', undefined, { host: 'other.example' })
      await own.signOut(jar)
      expect(answers.length).toBeGreaterThan(35)
      for (const { headers } of answers) {
        expect(headers).toMatchObject({
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'same-origin',
          'x-frame-options': 'DENY',
          'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-resource-policy': 'same-origin',
          'x-request-id': expect.stringMatching(/^[\da-f-]{36}$/),
        })
        expect(headers).not.toHaveProperty('x-powered-by')
        expect(headers).not.toHaveProperty('strict-transport-security')
        expect(headers['content-security-policy']).not.toMatch(/unsafe|\*/)
      }
    })
  })

  test('IN-04 with https: HSTS, and insecure requests are upgraded', async () => {
    await withApp(provider, { publicUrl: 'https://latchkey.example' }, async (secure) => {
      const answer = await secure.navigate('/')
      expect(answer.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
      expect(policyOf(answer)).toHaveProperty('upgrade-insecure-requests', '')
    })
  })

  test('IN-04 an end-session endpoint on another origin is where a form may lead, too', async () => {
    provider.metadata = { end_session_endpoint: 'https://out.example/end' }
    await withApp(provider, {}, async (own) => {
      await own.beginLogin(new Jar())
      expect(policyOf(await own.navigate('/logout'))['form-action']).toBe(
        `'self' ${provider.origin} https://out.example`,
      )
    })
    provider.reset()
  })

  test('IN-04 the style sheet is one, and it loads nothing from elsewhere', async () => {
    const answer = await app.send('/latchkey/style.css')
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/css; charset=utf-8'])
    const loads = answer.body.match(/url\((?!"data:)|@import/g) ?? []
    expect(loads).toEqual([])
  })

  test('IN-04 a page in German says so', async () => {
    const jar = new Jar()
    await app.signIn(provider, jar, newPerson({ name: 'Grete Müller' }))
    const answer = await app.navigate('/hello', jar, { 'accept-language': 'de-CH, de;q=0.9, en;q=0.5' })
    expect(answer.body).toMatch(/^<!doctype html>\n<html lang="de">/)
    expect(answer.headers['content-language']).toBe('de')
    expect(answer.body).toContain('Grete Müller')
  })
})
