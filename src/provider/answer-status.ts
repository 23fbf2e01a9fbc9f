import * as oidc from 'openid-client'

/** Answers that mean: not now. */
const BUSY: readonly number[] = [408, 429]

/** The status of an answer that openid-client does not take. It attaches the answer to its own error or to that one's cause. */
export function answerStatus(error: unknown): number | undefined {
  if (error instanceof Response) return error.status
  if (error instanceof oidc.ResponseBodyError) return error.status
  return error instanceof Error && error.cause !== undefined ? answerStatus(error.cause) : undefined
}

/** Whether a status says nothing about what was asked, and another time may. */
export const meansNotNow = (status: number): boolean => status >= 500 || BUSY.includes(status)
