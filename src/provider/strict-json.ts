const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Nothing that decides something is nested deeper. */
const MAX_DEPTH = 100
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g

/**
 * Parses JSON that decides something: valid UTF-8, no byte-order mark, no member twice at any depth, not too deep.
 *
 * @throws `TypeError` or `SyntaxError` for anything else
 * @see {@link https://www.rfc-editor.org/rfc/rfc8725.html#section-3.7 | RFC 8725 §3.7}
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decoder.decode(bytes)
  const value: unknown = JSON.parse(text)
  refuseTricks(text)
  return value
}

/** Members twice, and depth. `text` is known to be valid JSON, so a string followed by a colon is a member name. */
function refuseTricks(text: string): void {
  const scopes: Set<string>[] = []
  let last = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') open(scopes)
    else if (token === '}' || token === ']') scopes.pop()
    else if (token === ':') {
      const name = JSON.parse(last) as string
      const scope = scopes.at(-1)
      if (scope?.has(name)) throw new SyntaxError('a member is there twice')
      scope?.add(name)
    }
    last = token
  }
}

function open(scopes: Set<string>[]): void {
  if (scopes.push(new Set()) > MAX_DEPTH) throw new SyntaxError('too many levels')
}
