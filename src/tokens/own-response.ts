/** Without a body, whatever stands there. @see {@link https://fetch.spec.whatwg.org/#null-body-status | Fetch §2.2.3} */
const NULL_BODY: readonly number[] = [204, 205, 304]

/** Whose body an answer's is: when that one is collected as garbage, the body is gone. */
const sources = new WeakMap<Response, Response>()

/** What another `fetch` has answered, of the class that everybody's own gives. */
export function ownResponse(answer: Response, source = answer): Response {
  const { status, statusText, url, redirected, type } = answer
  const body = NULL_BODY.includes(status) ? null : source.body
  const own = new Response(body, { status, statusText, headers: [...answer.headers] })
  sources.set(own, source)
  const clone = own.clone.bind(own)
  return Object.defineProperties(own, {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
    clone: { value: () => ownResponse(answer, clone()) },
  })
}
