import { untilAborted } from './flight.js'

/** A text, or what gives a new one at each call. */
export type GivenText = string | (() => string | Promise<string>)

/**
 * @param abandoned ends the waiting for a function that gives nothing.
 * @throws `TypeError` when the function gives no text: nothing is sent without it.
 */
export async function readGivenText(name: string, given: GivenText, abandoned: AbortSignal): Promise<string> {
  const text: unknown =
    typeof given === 'string' ? given : await untilAborted(Promise.resolve(given()), abandoned)
  if (typeof text !== 'string' || text === '') throw new TypeError(`${name} gave no text`)
  return text
}
