import { describe, expect, test } from '@jest/globals'
import { codeIn, read, tableBelow } from './project.js'

interface Credential {
  readonly type: string
  readonly value?: string
  readonly secretData?: string
}
interface Realm {
  readonly clients: readonly { readonly clientId: string; readonly secret?: string }[]
  readonly users: readonly { readonly username: string; readonly credentials?: readonly Credential[] }[]
}

const readme = read('README.md')
const realm = JSON.parse(read('keycloak/latchkey-realm.json')) as Realm
const people = realm.users.filter(({ username }) => !username.startsWith('service-account-'))
const section = readme.split('\n## See it work\n')[1]?.split('\n## ')[0] ?? ''
const told = tableBelow(readme, 'See it work')

/** As in authenticator apps. @see {@link https://www.rfc-editor.org/rfc/rfc4648.html#section-6 | RFC 4648 §6} */
function base32(text: string): string {
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return (bits.match(/.{5}/g) ?? []).map((five) => letters[parseInt(five, 2)]).join('')
}

describe('what the README says of the demo', () => {
  test('are the people of the realm, with their passwords', () => {
    const passwordOf = (credentials: readonly Credential[] = []): string =>
      credentials.find(({ type }) => type === 'password')?.value ?? ''
    expect(told.map(([name, password]) => [name, password])).toEqual(
      people.map(({ username, credentials }) => [`\`${username}\``, `\`${passwordOf(credentials)}\``]),
    )
  })

  test('is the secret of the one-time-password device', () => {
    const secret = people
      .flatMap(({ credentials = [] }) => credentials)
      .map(({ secretData = '{}' }) => (JSON.parse(secretData) as { value?: string }).value)
      .find((value) => value !== undefined)
    expect(told.find(([name]) => name === '`dave`')?.[2]?.replaceAll(' ', '')).toContain(base32(secret ?? ''))
  })

  test('are its clients, and their secrets', () => {
    const BUILT_IN = [
      'account',
      'account-console',
      'admin-cli',
      'broker',
      'realm-management',
      'security-admin-console',
    ]
    const own = realm.clients.filter(({ clientId }) => !BUILT_IN.includes(clientId))
    const named = codeIn(section.split('Its clients are')[1]?.split('All of this')[0] ?? '').filter(
      (word) => word !== '-secret',
    )
    expect([...named].sort()).toEqual(own.map(({ clientId }) => clientId).sort())
    for (const { clientId, secret } of own)
      expect(secret?.replace(/^\$\{\w+:(.*)\}$/, '$1')).toBe(
        clientId === 'latchkey-public' ? undefined : `${clientId}-secret`,
      )
  })
})
