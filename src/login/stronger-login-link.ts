import { strengthParameters, type Strength } from '../provider/strength.js'
import type { Proofs } from '../session/proofs.js'
import { loginLink, withParameters } from './return-to.js'

/** There is no session yet that it could be said to. */
const NOBODY = ''

/**
 * The link that begins a login which must come back with a strength. It proves that a guard of ours asks: stripped of
 * that, or changed, it is an ordinary link, and the guard asks again.
 */
export function strongerLoginLink(returnTo: string, strength: Strength, proofs: Proofs): string {
  const parameters = strengthParameters(strength)
  if (Object.keys(parameters).length === 0) return loginLink(returnTo)
  const proof = proofs.make(NOBODY, JSON.stringify(parameters))
  return withParameters(loginLink(returnTo), { ...parameters, proof })
}

/** The strength that such a link asks for; nothing for any other link. */
export function readProvenStrength(query: URLSearchParams, proofs: Proofs): Strength | undefined {
  const [acr, maxAge] = [query.get('acr_values'), query.get('max_age')]
  const strength: Strength = {
    ...(acr !== null && { acr: acr.split(' ') }),
    ...(maxAge !== null && { maxAge: Number(maxAge) }),
  }
  const isOurs = proofs.holds(NOBODY, JSON.stringify(strengthParameters(strength)), query.get('proof'))
  return isOurs ? strength : undefined
}
