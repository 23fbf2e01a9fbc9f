/** An answer of an endpoint that speaks JSON. */
export interface TokenAnswer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** A refusal in the words of a real Keycloak. */
export function refusal(status: number, error: string, description: string): TokenAnswer {
  return { status, body: { error, error_description: description } }
}

export const isRefusal = (value: object): value is TokenAnswer => 'status' in value && value.status !== 200
