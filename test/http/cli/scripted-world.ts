import { ScriptedApi, type ApiRequest } from '../../support/scripted-api.js'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  PUBLIC_CLIENT_ID,
  ScriptedProvider,
} from '../../support/scripted-provider.js'
import type { Env } from '../../support/cli-process.js'

/** An authorization server and an API, and the settings by which the command line finds them. */
export interface World {
  readonly provider: ScriptedProvider
  readonly api: ScriptedApi
  /** Everything that any command needs, but a home. */
  env(): Env
}

export const PASSWORD = 'alice-password'
export const CREATED = '2026-01-02T03:04:05.000Z'
export const PROJECTS = { version: '1', projects: ['one', 'two'] }

export async function startWorld(): Promise<World> {
  const provider = await ScriptedProvider.start()
  const api = await ScriptedApi.start()
  return {
    provider,
    api,
    env: () => ({
      OIDC_ISSUER: provider.issuer,
      API_URL: api.url,
      LATCHKEY_PUBLIC_CLIENT_ID: PUBLIC_CLIENT_ID,
      LATCHKEY_CONFIDENTIAL_CLIENT_ID: CLIENT_ID,
      LATCHKEY_CONFIDENTIAL_CLIENT_SECRET: CLIENT_SECRET,
      LATCHKEY_SERVICE_CLIENT_ID: CLIENT_ID,
      LATCHKEY_SERVICE_CLIENT_SECRET: CLIENT_SECRET,
      LATCHKEY_USERNAME: 'alice',
      LATCHKEY_PASSWORD: PASSWORD,
    }),
  }
}

export function resetWorld({ provider, api }: World): void {
  provider.reset()
  provider.addPerson('alice', { password: PASSWORD })
  api.reset()
  api.answer = answerLikeOurs
}

/** What the demo's API says of a token. */
function answerLikeOurs({ path, token = '' }: ApiRequest): { status: number; body: unknown } {
  if (path === '/api/projects') return { status: 200, body: PROJECTS }
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  const claims = JSON.parse(payload) as Record<string, unknown>
  return {
    status: 200,
    body: {
      created_time: CREATED,
      id: claims['sub'],
      primary_email: claims['email'] ?? '',
      username: claims['preferred_username'],
    },
  }
}

/** An environment without some of its settings. */
export function without(env: Env, ...names: readonly string[]): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))
}

export async function stopWorld({ provider, api }: World): Promise<void> {
  await provider.close()
  await api.stop()
}
