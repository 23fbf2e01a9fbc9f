import { describe, expect, test } from '@jest/globals'
import { parseEnv } from 'node:util'
import { ConfigError, loadConfig } from '../../../src/config.js'
import { codeIn, read, settingsIn, sources, tableBelow } from './project.js'

/** Every setting that the source reads. */
const settings = [...sources]
  .filter(([file]) => /^src\/config[\w-]*\.ts$/.test(file))
  .flatMap(([, text]) => [
    ...[...text.matchAll(/'([A-Z]+(?:_[A-Z]+)*)'/g)].map(([, name = '']) => name),
    ...[...text.matchAll(/\.secret\('([A-Z_]+)'/g)].map(([, name = '']) => `${name}_FILE`),
  ])
const known = [...new Set(settings)].sort()

const REQUIRED = {
  OIDC_ISSUER: 'https://id.example/realms/demo',
  OIDC_CLIENT_ID: 'webapp',
  OIDC_CLIENT_SECRET: 'client-secret',
  API_AUDIENCE: 'the-api',
}

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

/** The settings that are missing in an environment, by name. */
const missingIn = (env: Record<string, string>): string[] =>
  problemsOf(env)
    .filter((problem) => problem.endsWith('is required'))
    .map((problem) => problem.split(' ')[0] ?? '')

interface Row {
  /** Several settings, or several ways to give one. */
  readonly names: readonly string[]
  readonly fallback: string
}
const rows: readonly Row[] = tableBelow(read('README.md'), 'Settings').map(([names = '', fallback = '']) => ({
  names: codeIn(names).flatMap(settingsIn),
  fallback,
}))
const namesWhere = (fallback: string): string[] =>
  rows.filter((row) => row.fallback === fallback).flatMap(({ names }) => names.slice(0, 1))

/** What the table says that a setting is when it is left out, where that is a value. */
const defaults = rows
  .filter(({ fallback }) => fallback !== '–' && !fallback.startsWith('required'))
  .flatMap(({ names, fallback }) => {
    const values = fallback.split(', ').map((value) => value.replaceAll('`', ''))
    return names.map((name, index): [string, string] => [name, values[index] ?? ''])
  })
  .map(([name, value]): [string, string] => [name, value.replace('PORT', '3000')])

describe('the settings of README', () => {
  test('are exactly those that the source reads', () => {
    expect(rows.flatMap(({ names }) => names).toSorted()).toEqual(known)
  })

  test('are all that the source reads from the environment', () => {
    const isComment = (line: string): boolean => /^\s*(?:\/?\*|\/\/)/.test(line)
    const reading = [...sources].flatMap(([file, text]) =>
      text
        .split('\n')
        .filter((line) => line.includes('process.env') && !isComment(line))
        .map((line) => `${file}: ${line.trim()}`),
    )
    expect(reading).toEqual([
      'src/cli/main.ts: const folder = createTokenFolder({ env: process.env, platform: process.platform, home: homedir, signal })',
      'src/cli/main.ts: env: process.env,',
      'src/provider/transport.ts: export const hasProxy = (): boolean => PROXIES.some((name) => process.env[name])',
      'src/server.ts: return loadConfig(process.env)',
      'src/tokens/token-file.ts: folder = configFolder(process.env, process.platform, homedir),',
    ])
  })

  test('say that REDIS_URL needs SESSION_SECRETS, as the process does', () => {
    const about = tableBelow(read('README.md'), 'Settings').find(([name]) =>
      name?.includes('SESSION_SECRETS'),
    )
    expect(about?.[2]).toContain('required with `REDIS_URL`')
    const shared = { ...REQUIRED, REDIS_URL: 'redis://localhost' }
    expect(
      missingIn({ ...shared, SESSION_SECRETS: 'a-session-secret-of-the-tests-of-32-characters' }),
    ).toEqual([])
    expect(problemsOf(shared)).toEqual([expect.stringMatching(/^SESSION_SECRETS is required with REDIS_URL/)])
  })

  test('are required where the table says so', () => {
    expect(missingIn({}).toSorted()).toEqual(namesWhere('required').toSorted())
    const inProduction = missingIn({ ...REQUIRED, NODE_ENV: 'production', PUBLIC_URL: 'https://app.example' })
    expect(inProduction).toEqual(namesWhere('required in production'))
  })

  test.each(defaults)('%s is %s when it is left out', (name, value) => {
    expect(value).not.toBe('')
    expect(loadConfig({ ...REQUIRED, [name]: value })).toEqual(loadConfig(REQUIRED))
  })

  test('PUBLIC_URL follows PORT', () => {
    expect(rows).toContainEqual({ names: ['PUBLIC_URL'], fallback: '`http://localhost:PORT`' })
    expect(loadConfig({ ...REQUIRED, PORT: '4000' }).publicUrl).toBe('http://localhost:4000')
  })
})

describe('docs/machine-tokens.md', () => {
  test('has every setting of the command line', () => {
    const told = settingsIn(read('docs/machine-tokens.md')).filter((name) => name.startsWith('LATCHKEY_'))
    const named = [...sources]
      .filter(([file]) => file.startsWith('src/cli/'))
      .flatMap(([, text]) => text.match(/\bLATCHKEY_[A-Z_]*[A-Z]\b/g) ?? [])
      .filter((name) => !name.endsWith('_FILE'))
    expect(named.length).toBeGreaterThan(5)
    expect([...new Set(told)].toSorted()).toEqual([...new Set(named)].toSorted())
  })
})

describe('.env.example', () => {
  const text = read('.env.example')
  const active = parseEnv(text) as Record<string, string>
  /** As if every line with a setting were switched on. */
  const all = parseEnv(text.replaceAll(/^#(?=[A-Z_]+=)/gm, '')) as Record<string, string>

  test('has every setting, once, and no other', () => {
    const names = text.match(/^#?[A-Z_]+(?==)/gm)?.map((name) => name.replace('#', ''))
    expect(names?.toSorted()).toEqual(known)
  })

  test('is accepted as it is, and means the demo realm', () => {
    const realm = JSON.parse(read('keycloak/latchkey-realm.json')) as {
      realm: string
      clients: { clientId: string; secret?: string; redirectUris?: string[] }[]
    }
    const config = loadConfig(active)
    const client = realm.clients.find(({ clientId }) => clientId === config.clientId)
    const withDefault = (text = ''): string => text.replaceAll(/\$\{\w+:([^}]*)\}/g, '$1')
    expect(config.issuer).toBe(`http://localhost:8080/realms/${realm.realm}`)
    expect(withDefault(client?.secret)).toBe(config.clientSecret)
    expect(client?.redirectUris?.map(withDefault)).toContain(`${config.publicUrl}/authorize`)
    expect(realm.clients.map(({ clientId }) => clientId)).toContain(config.apiAudience)
  })

  test('means the same with every line switched on: what is off is the default', () => {
    expect(Object.keys(all).length).toBeGreaterThan(Object.keys(active).length)
    expect(loadConfig(all)).toEqual(loadConfig(active))
  })

  test.each(defaults)('shows that %s is %s when it is left out', (name, value) => {
    expect(all[name]).toBe(value)
    expect(Object.keys(active)).not.toContain(name)
  })

  test('has no session secret, and says how to make one', () => {
    expect(text).toMatch(/^# .*openssl rand -hex 32\n(?:# .*\n)*#SESSION_SECRETS=$/m)
  })
})
