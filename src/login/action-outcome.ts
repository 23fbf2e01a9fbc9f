/** What Keycloak says of an action (`kc_action`) that it was asked for; `none` when it says nothing, which is: not done. */
export const ACTION_OUTCOMES = ['success', 'cancelled', 'error', 'none'] as const
export type ActionOutcome = (typeof ACTION_OUTCOMES)[number]

/**
 * Reads the outcome of an action from an authorization response. It is a parameter that anybody can write, so it is
 * shown to the person and believed by nobody; what was not asked for is not even shown.
 *
 * @returns nothing when no action was asked for.
 */
export function readActionOutcome(
  query: URLSearchParams,
  asked: string | undefined,
): ActionOutcome | undefined {
  if (asked === undefined) return undefined
  const [status, ...more] = query.getAll('kc_action_status')
  const named = query.getAll('kc_action')
  // An action that Keycloak does not know comes back without its name.
  if (more.length > 0 || named.some((name) => name !== asked) || named.length > 1) return 'none'
  return ACTION_OUTCOMES.find((outcome) => outcome === status) ?? 'none'
}
