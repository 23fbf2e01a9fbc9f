import { LoginError } from './errors.js'

/** What a link to `/login` may ask of the authorization server, and the form each value must have. */
const ALLOWED: Readonly<Record<string, RegExp>> = {
  prompt: /^(?:none|create|(?:login|consent|select_account)(?: (?:login|consent|select_account))*)$/,
  max_age: /^\d{1,8}$/,
  acr_values: /^[\w.:/-]{1,100}(?: [\w.:/-]{1,100}){0,9}$/,
  login_hint: /^[\p{L}\p{N}@.+_\-:]{1,254}$/u,
  ui_locales: /^[A-Za-z0-9-]{1,35}(?: [A-Za-z0-9-]{1,35}){0,9}$/,
  kc_idp_hint: /^[\w.-]{1,100}$/,
  kc_action: /^[\w-]{1,64}(?::[\w-]{1,100})?$/,
}

export type LoginParameters = Readonly<Partial<Record<string, string>>>

/**
 * Reads the optional parameters of `/login`. What is not on the list is left out.
 *
 * @throws {@link LoginError} `invalid_login_parameter` for a value that is malformed or given twice.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest | OpenID Connect Core §3.1.2.1}
 */
export function readLoginParameters(query: URLSearchParams): LoginParameters {
  const parameters: Record<string, string> = {}
  for (const [name, form] of Object.entries(ALLOWED)) {
    const [value, ...more] = query.getAll(name)
    if (value === undefined) continue
    if (more.length > 0 || !form.test(value)) {
      throw new LoginError(
        'invalid_login_parameter',
        `the parameter ${name} of /login is malformed or given twice`,
      )
    }
    parameters[name] = value
  }
  return parameters
}
