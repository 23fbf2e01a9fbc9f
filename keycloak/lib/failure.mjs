/** What went wrong, in words for the person at the terminal: printed as it is, without a stack trace. */
export class Failure extends Error {}

/**
 * Without `instanceof`: a test runner has an Error of its own, which the system's errors are not made of.
 *
 * @param {unknown} error
 * @param {string} code
 * @returns {boolean}
 */
export const hasCode = (error, code) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error))
