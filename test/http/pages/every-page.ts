import { Jar } from '../../support/browser-jar.js'
import type { Person, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, type Answer, type TestApp } from '../../support/test-app.js'
import { endOne, handlesOf } from '../account/account-page.js'
import { edited } from '../login/callbacks.js'

/** Every kind of page that the app has, by a name for it. Leaves the provider as it was. */
export async function collectPages(
  app: TestApp,
  provider: ScriptedProvider,
  person: Person = newPerson(),
): Promise<ReadonlyMap<string, Answer>> {
  const jar = new Jar()
  const pages = new Map<string, Answer>()
  const open = async (name: string, path: string, browser?: Jar): Promise<void> => {
    pages.set(name, await app.navigate(path, browser))
  }
  await open('start, signed out', '/')
  await open('sign out, nobody there', '/logout')
  await open('not found', '/no-such-page')
  await open('link that is not right', '/login?max_age=x')
  await open('no such login', '/authorize?state=x&code=y')
  await open('damaged callback', '/authorize')
  const refused = provider.approve((await app.beginLogin(jar)).href, person)
  const error = edited(refused, (query) => query.set('error', 'access_denied'))
  pages.set('declined', await app.callback(error, jar))
  await app.signIn(provider, jar, person)
  await open('start', '/', jar)
  await open('hello', '/hello', jar)
  await open('account', '/account', jar)
  for (let i = 0; i < 2; i++) await app.signIn(provider, new Jar(), person)
  const [handle = ''] = await handlesOf(app, jar)
  const { location: ended = '' } = await endOne(app, jar, handle)
  await open('account, two sessions and a notice', ended, jar)
  pages.set('unknown session', await endOne(app, jar, handle))
  await open('sign out', '/logout', jar)
  await open('not found, signed in', '/no-such-page', jar)
  const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
  pages.set('click from another site', await app.signOut(jar, foreign))
  provider.answers.logout = (_call, res) => void res.writeHead(500).end()
  pages.set('signed out here', await app.signOut(jar))
  provider.answers.token = (_call, res) => void res.writeHead(200).end('no')
  pages.set('nonsense', await app.signIn(provider, jar))
  provider.answers = {}
  const stronger = new Jar()
  const stepUp = async (acr: string): Promise<Answer> => {
    const { location = '' } = await app.follow('/vault', stronger)
    return app.callback(provider.approve(location, { ...person, acr }), stronger)
  }
  pages.set('login too weak', await stepUp('pwd'))
  await stepUp('2fa')
  await open('vault', '/vault', stronger)
  return pages
}
