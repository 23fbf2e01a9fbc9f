import type { Auth } from '../http/auth.js'
import { KEYCLOAK_ROLES_HINT } from '../provider/keycloak-roles.js'
import { BearerError } from './errors.js'

/** What a route asks of a token beyond being valid: all of it. */
export interface Requirements {
  /** Words of `scope`, compared literally. */
  readonly scope?: readonly string[]
  /** Roles of the realm. */
  readonly realmRole?: readonly string[]
  /** Client id → roles of that client. */
  readonly clientRole?: Readonly<Record<string, readonly string[]>>
}

/** One word of a scope. @see {@link https://www.rfc-editor.org/rfc/rfc6749.html#section-3.3 | RFC 6749 §3.3} */
const SCOPE_WORD = /^[\u0021\u0023-\u005b\u005d-\u007e]+$/

/** @throws {@link BearerError} `insufficient_scope` when something is missing. */
export function checkRequirements(
  auth: Auth,
  { scope = [], realmRole = [], clientRole = {} }: Requirements,
): void {
  const missing = scope.filter((word) => !auth.scope.has(word))
  if (missing.length > 0) {
    throw new BearerError('insufficient_scope', `the token lacks scope ${missing.join(' ')}`, { scope })
  }
  const roles = realmRole.filter((role) => !auth.roles.realm.includes(role))
  if (roles.length > 0)
    throw new BearerError('insufficient_scope', `the token lacks realm role ${roles.join(', ')}`, {
      hint: KEYCLOAK_ROLES_HINT,
    })
  for (const [client, wanted] of Object.entries(clientRole)) {
    const held = Object.hasOwn(auth.roles.client, client) ? (auth.roles.client[client] ?? []) : []
    const lacking = wanted.filter((role) => !held.includes(role))
    if (lacking.length > 0) {
      throw new BearerError(
        'insufficient_scope',
        `the token lacks role ${lacking.join(', ')} of client ${client}`,
        { hint: KEYCLOAK_ROLES_HINT },
      )
    }
  }
}

/** @throws `TypeError` for requirements that could never mean what their author thought. */
export function assertRequirements({ scope, realmRole, clientRole }: Requirements): void {
  if (scope !== undefined && !(isListOfTexts(scope) && scope.every((word) => SCOPE_WORD.test(word)))) {
    throw new TypeError('requireBearer: scope is a list of words without blanks and quotes')
  }
  if (realmRole !== undefined && !isListOfTexts(realmRole)) {
    throw new TypeError('requireBearer: realmRole is a list of role names')
  }
  const isMap =
    clientRole === undefined ||
    (typeof clientRole === 'object' && Object.values(clientRole).every(isListOfTexts))
  if (!isMap) throw new TypeError('requireBearer: clientRole maps a client id to a list of role names')
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && item !== '')
  )
}
