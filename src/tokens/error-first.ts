import type { BackChannel } from '../provider/back-channel.js'
import { isObject } from '../provider/is-object.js'

/** An answer with one of these gives something out, or means to. */
const GIVEN_OUT = ['access_token', 'refresh_token', 'device_code']

/**
 * A back channel by which an error is one, whatever the status says: some servers answer 200 with it. An answer that has
 * tokens, too, stays what it is.
 */
export function errorFirst(backChannel: BackChannel): BackChannel {
  return async (url, init) => {
    const response = await backChannel(url, init)
    if (!response.ok || !(await isError(response))) return response
    return new Response(response.body, { status: 400, headers: response.headers })
  }
}

async function isError(response: Response): Promise<boolean> {
  try {
    const body: unknown = await response.clone().json()
    return isObject(body) && typeof body['error'] === 'string' && !GIVEN_OUT.some((name) => name in body)
  } catch {
    return false
  }
}
