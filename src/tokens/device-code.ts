import * as oidc from 'openid-client'
import { createProvider } from './create-provider.js'
import { devicePolling } from './device-polling.js'
import { TokenError } from './errors.js'
import type { TokenClient } from './token-client.js'
import { check, readOptions, type TokenProviderOptions } from './token-options.js'
import type { TokenProvider } from './token-provider.js'
import type { TokenSet } from './token-set.js'

/** What to show to the person. All of it is the authorization server's text: escape what a terminal would act upon. */
export interface DevicePrompt {
  /** What the person is to enter there. */
  readonly userCode: string
  /** An http(s) address, where the code is to be entered. */
  readonly verificationUri: string
  /** The same with the code in it, for a link or a QR code. */
  readonly verificationUriComplete: string | undefined
  /** Seconds. */
  readonly expiresIn: number
}

/** Options of {@link createDeviceCodeProvider}. */
export interface DeviceCodeProviderOptions extends TokenProviderOptions {
  /** Shows the person where to go. Called once for each sign-in, which ends when it fails. */
  readonly onPrompt: (prompt: DevicePrompt) => unknown
}

/**
 * Tokens of a person who signs in with a browser elsewhere, with PKCE. The first call shows the prompt and waits; it ends
 * with `access_denied` or `expired_token`, or when nobody waits any more. An outage is waited out.
 *
 * @throws `TypeError` for options that cannot be used.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628.html#section-3 | RFC 8628 §3}
 */
export function createDeviceCodeProvider(options: DeviceCodeProviderOptions): TokenProvider {
  const { onPrompt, ...common } = readOptions<DeviceCodeProviderOptions>(
    'createDeviceCodeProvider',
    options,
    { onPrompt: check.function },
    ['onPrompt'],
  )
  return createProvider(common, {
    grant: (client) => ({
      kind: 'interactive',
      request: (abandoned) => signIn(client, { ...common, onPrompt }, abandoned),
    }),
  })
}

async function signIn(
  client: TokenClient,
  { scope, audience, onPrompt, now = Date.now }: DeviceCodeProviderOptions,
  abandoned: AbortSignal,
): Promise<TokenSet> {
  const verifier = oidc.randomPKCECodeVerifier()
  const started = await client.startDevice({
    scope,
    audience,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const { device_code: deviceCode, interval, expires_in: expiresIn } = started
  abandoned.throwIfAborted()
  const prompt = promptOf(started)
  return devicePolling({
    interval,
    expiresIn,
    abandoned: show(() => onPrompt(prompt), abandoned),
    now,
    poll: () =>
      client.request({
        asked: 'device_code',
        grantType: 'urn:ietf:params:oauth:grant-type:device_code',
        parameters: { device_code: deviceCode, code_verifier: verifier },
        secret: ['device_code', 'code_verifier'],
      }),
  })
}

/**
 * Shows the prompt. Nobody waits for it: it may be a dialog that stays open. The signal is aborted when that fails, and
 * when nobody waits for the tokens any more.
 */
function show(onPrompt: () => unknown, abandoned: AbortSignal): AbortSignal {
  const ended = new AbortController()
  abandoned.addEventListener('abort', () => ended.abort(abandoned.reason), { once: true })
  new Promise((resolve) => resolve(onPrompt())).catch((error: unknown) => ended.abort(error))
  return ended.signal
}

/** @throws {@link TokenError} `invalid_response` for an address that is not one of the web, or seems to be another host's. */
function promptOf(started: oidc.DeviceAuthorizationResponse): DevicePrompt {
  const { verification_uri: uri, verification_uri_complete: complete } = started
  for (const address of complete === undefined ? [uri] : [uri, complete]) {
    if (!isForPeople(address))
      throw new TokenError(
        'invalid_response',
        'the address that the person is to open is no plain http(s) address',
        {
          status: 502,
          error: 'invalid_response',
        },
      )
  }
  return {
    userCode: started.user_code,
    verificationUri: uri,
    verificationUriComplete: complete,
    expiresIn: started.expires_in,
  }
}

/** What stands before an `@` looks like the host, and is none. */
function isForPeople(address: string): boolean {
  if (!/^https?:\/\/[^\s\\]+$/i.test(address) || !URL.canParse(address)) return false
  const { username, password } = new URL(address)
  return username === '' && password === ''
}
