import { expect } from '@jest/globals'
import { inspect } from 'node:util'
import { TokenError } from '../../src/tokens.js'

/** What a call for a token fails with, which is our one error. */
export async function failureOf(call: Promise<unknown>): Promise<TokenError> {
  const error: unknown = await call.then(
    () => 'no failure',
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(TokenError)
  return error as TokenError
}

/** All that somebody may print of an error: its texts, as JSON, as Node shows it with everything that is hidden. */
export function printed(error: unknown): string {
  const texts: string[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const own = Object.getOwnPropertyNames(at).map((name) => String(Reflect.get(at, name)))
    texts.push(at.message, String(at.stack), ...own)
  }
  return [...texts, JSON.stringify(error), inspect(error, { depth: 10, showHidden: true })].join('\n')
}

/** Fails when a secret, or its writing in base64 or in an address, is in what an error shows. */
export function expectNoneOf(secrets: readonly string[], error: unknown): void {
  const all = printed(error)
  for (const secret of secrets) {
    const written = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]
    expect(written.filter((text) => all.includes(text))).toEqual([])
  }
}
