/** A text, or what gives a new one at each call. */
export type GivenText = string | (() => string | Promise<string>)

/** @throws `TypeError` when the function gives no text: nothing is sent without it. */
export async function readGivenText(name: string, given: GivenText): Promise<string> {
  const text: unknown = typeof given === 'string' ? given : await given()
  if (typeof text !== 'string' || text === '') throw new TypeError(`${name} gave no text`)
  return text
}
