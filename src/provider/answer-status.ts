import * as oidc from 'openid-client'

/** Answers that mean: not now. */
const BUSY: readonly number[] = [408, 429]

/** The status of an answer that openid-client does not take. */
export function answerStatus(error: unknown): number | undefined {
  if (error instanceof oidc.ResponseBodyError) return error.status
  return answerIn(error)?.status
}

/** The answer that openid-client does not take: it attaches it to its own error or to that one's cause. */
export function answerIn(error: unknown): Response | undefined {
  if (error instanceof Response) return error
  return error instanceof Error && error.cause !== undefined ? answerIn(error.cause) : undefined
}

/** Whether a status says nothing about what was asked, and another time may. */
export const meansNotNow = (status: number): boolean => status >= 500 || BUSY.includes(status)

/** What an endpoint says beside its word of refusal; empty without. It may repeat what was sent. */
export function descriptionIn(error: unknown): string {
  if (!(error instanceof oidc.ResponseBodyError)) return ''
  const { error_description: description }: { readonly error_description?: unknown } = error
  return typeof description === 'string' ? description : ''
}
