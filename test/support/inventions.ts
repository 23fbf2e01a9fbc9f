import { Agent, METHODS, request, type OutgoingHttpHeaders } from 'node:http'
import type { ScriptedProvider } from './scripted-provider.js'
import { createSigningKey, sign } from './signing.js'
import { NAVIGATION } from './test-app.js'

/** A request that somebody made up. */
export interface Invented {
  readonly method: string
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body?: string
}

/** Stands in everything that is invented here, and looks like a word of our own. */
export const INVENTED = 'invented_'

/** A word that nobody has used before. */
export const inventedWord = (number: number): string =>
  INVENTED + String(number).replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)))

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Ways to make up a request, each with a name and a number that were never there before. */
export async function inventions(
  provider: ScriptedProvider,
): Promise<readonly ((name: string, number: number) => Invented)[]> {
  const token = await sign(provider.accessTokenClaims(), await createSigningKey('ES256', 'no-key-of-theirs'))
  const [, claims = '', signature = ''] = token.split('.')
  const ofKey = (kid: string): string => `${part({ alg: 'ES256', typ: 'JWT', kid })}.${claims}.${signature}`
  const ofIssuer = (name: string): string =>
    `${part({ alg: 'ES256', kid: name })}.${part({ iss: `https://${name}.example`, azp: name, sub: name })}.${signature}`
  const get = (path: string, headers: OutgoingHttpHeaders = {}): Invented => ({
    method: 'GET',
    path,
    headers,
  })
  const post = (path: string, body: string, headers: OutgoingHttpHeaders = {}): Invented => ({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  })
  /** All but the one that asks for a tunnel, to which no answer is given. */
  const methods = METHODS.filter((method) => method !== 'CONNECT')
  return [
    (name) => get(`/${name}`),
    (name) => get(`/${name}/metrics?${name}=${name}`, NAVIGATION),
    (name, number) => ({ method: methods[number % methods.length] ?? 'GET', path: `/${name}`, headers: {} }),
    (name) => get('/secure-data', { authorization: `Bearer ${ofKey(name)}` }),
    (name) => get('/api/whoami', { authorization: `Bearer ${ofIssuer(name)}` }),
    (name) => get('/secure-data', { authorization: `${name} ${name}` }),
    (name) => get(`/login?client_id=${name}&ui_locales=${name}&login_hint=${name}`, NAVIGATION),
    (name) => get(`/login?prompt=${name}`, NAVIGATION),
    (name) => get(`/authorize?code=${name}&state=${name}&iss=${name}`, NAVIGATION),
    (name) => get(`/authorize?error=${name}&state=${name}`, NAVIGATION),
    (name) => get('/hello', { ...NAVIGATION, cookie: `latchkey=s:${name}.${name}`, host: `${name}.example` }),
    (name) => post('/backchannel-logout', `logout_token=${ofIssuer(name)}`),
    (name) => post('/logout', name, { 'user-agent': name, origin: `https://${name}.example` }),
  ]
}

/** Sends many requests over a few connections, and says how many were answered. */
export async function sendAll(port: number, all: readonly Invented[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  const one = ({ body, ...options }: Invented): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, agent, ...options }, (answer) =>
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0)),
      )
        .on('error', reject)
        .end(body)
    })
  const statuses = await Promise.all(all.map(one))
  agent.destroy()
  return statuses.filter((status) => status >= 200).length
}
