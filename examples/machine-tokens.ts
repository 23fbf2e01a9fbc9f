// Three kinds of client without a browser, each asking an API who it is. Tokens are renewed as long as this runs.
import {
  createClientCredentialsProvider,
  createPasswordProvider,
  TokenError,
  type TokenProvider,
} from 'latchkey/tokens'

const issuer = process.env['OIDC_ISSUER'] ?? 'http://localhost:8080/realms/latchkey'
const api = process.env['API_URL'] ?? 'http://localhost:3000'

/** Secrets come from the environment, never from the source. */
function secret(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

const person = { username: secret('LATCHKEY_USERNAME'), password: secret('LATCHKEY_PASSWORD') }

const providers: Record<string, TokenProvider> = {
  public: createPasswordProvider({ issuer, clientId: 'latchkey-public', ...person }),
  confidential: createPasswordProvider({
    issuer,
    clientId: 'latchkey-confidential',
    clientSecret: secret('LATCHKEY_CONFIDENTIAL_CLIENT_SECRET'),
    ...person,
  }),
  service: createClientCredentialsProvider({
    issuer,
    clientId: 'latchkey-service',
    clientSecret: secret('LATCHKEY_SERVICE_CLIENT_SECRET'),
  }),
}

try {
  for (const [kind, provider] of Object.entries(providers)) {
    const answer = await provider.fetch(`${api}/api/whoami`)
    if (!answer.ok) throw new Error(`the API answered ${answer.status}`)
    console.log(kind, await answer.json())
  }
} catch (error) {
  if (!(error instanceof TokenError)) throw error
  console.error(error.message, error.hint ?? '')
  process.exitCode = 1
}
