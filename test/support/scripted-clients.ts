import { readBasic } from './scripted-endpoints.js'
import type { Call, ScriptedProvider } from './scripted-provider.js'
import { refusal, type TokenAnswer } from './scripted-refusals.js'

export interface AskingClient {
  readonly id: string
  readonly isPublic: boolean
}

const TEXT = 'Invalid client or Invalid client credentials'

/**
 * Which client asks: the confidential one by its secret, as Basic or in the form, but not both; or the public one, whose
 * secret nobody looks at. {@link ScriptedProvider.authenticate} comes first.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1 | RFC 6749 §2.3.1}
 */
export function authenticate(provider: ScriptedProvider, call: Call): AskingClient | TokenAnswer {
  const own = provider.authenticate?.(call)
  if (own !== undefined) return own
  const { form, headers } = call
  if (headers.authorization === undefined) return byForm(provider, form)
  // > The client MUST NOT use more than one authentication method in each request.
  return form.has('client_secret')
    ? refusal(400, 'invalid_request', 'More than one client authentication')
    : bySecret(provider, readBasic(headers.authorization))
}

function byForm(provider: ScriptedProvider, form: URLSearchParams): AskingClient | TokenAnswer {
  const id = form.get('client_id') ?? ''
  if (id === provider.publicClientId) return { id, isPublic: true }
  return id === provider.client.id
    ? bySecret(provider, `${id}:${form.get('client_secret') ?? ''}`)
    : refusal(401, 'invalid_client', TEXT)
}

function bySecret({ client }: ScriptedProvider, shown: string): AskingClient | TokenAnswer {
  return shown === `${client.id}:${client.secret}`
    ? { id: client.id, isPublic: false }
    : refusal(401, 'unauthorized_client', TEXT)
}
