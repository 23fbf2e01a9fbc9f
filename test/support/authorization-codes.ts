import { createHash, randomUUID } from 'node:crypto'
import type { Person } from './scripted-provider.js'

interface IssuedCode {
  readonly person: Person
  readonly nonce: string | undefined
  readonly challenge: string | undefined
}

/** Authorization codes, each good for one use by whoever has its verifier. */
export class AuthorizationCodes {
  readonly #codes = new Map<string, IssuedCode>()

  /** @param request the parameters of the authorization request. */
  issue(person: Person, request: URLSearchParams): string {
    const code = `code-${randomUUID()}`
    this.#codes.set(code, {
      person,
      nonce: request.get('nonce') ?? undefined,
      challenge: request.get('code_challenge') ?? undefined,
    })
    return code
  }

  redeem(form: URLSearchParams): IssuedCode | undefined {
    const code = form.get('code') ?? ''
    const issued = this.#codes.get(code)
    this.#codes.delete(code)
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    return issued?.challenge === challenge ? issued : undefined
  }
}
