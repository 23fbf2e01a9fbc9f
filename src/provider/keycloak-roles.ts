import type { Claims } from './jwt.js'
import { isObject } from './is-object.js'

/** The roles that Keycloak puts into tokens. Absent or malformed means none. */
export interface Roles {
  /** Roles of the realm. */
  readonly realm: readonly string[]
  /** Client id → its roles. */
  readonly client: Readonly<Record<string, readonly string[]>>
}

/** Why a token may lack a role that its person has, or seems to have. */
export const KEYCLOAK_ROLES_HINT =
  'Users → … → Role mapping; and the client must be let to pass it on: Clients → … → Client scopes → its dedicated scope → Scope'

export function readKeycloakRoles(claims: Claims): Roles {
  const client: Record<string, readonly string[]> = Object.create(null) as Record<string, readonly string[]>
  const access = claims['resource_access']
  if (isObject(access)) for (const [id, entry] of Object.entries(access)) client[id] = rolesOf(entry)
  return { realm: rolesOf(claims['realm_access']), client }
}

function rolesOf(entry: unknown): readonly string[] {
  if (!isObject(entry) || !Array.isArray(entry['roles'])) return []
  return entry['roles'].filter((role) => typeof role === 'string')
}
