import { printable } from '../printable.js'
import type { TokenSet } from '../tokens/token-set.js'
import type { DevicePrompt } from '../tokens.js'
import type { Context } from './context.js'
import { say } from './output.js'
import type { Client, ServerSettings } from './settings.js'
import { clearedLine, hasColours, styleFor, whileWaiting, widthOf } from './terminal.js'

export interface DeviceSignIn {
  readonly server: ServerSettings
  readonly client: Client
  readonly scope?: string | undefined
  readonly audience?: string | undefined
}

/**
 * Lets a person sign in with a browser, on this machine or another: shows code and link, and waits.
 *
 * @throws `TokenError`, or the reason of the signal
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628.html#section-3.3 | RFC 8628 §3.3}
 */
export async function signInByDevice(
  context: Context,
  { server, client, scope, audience }: DeviceSignIn,
): Promise<TokenSet> {
  const { createDeviceCodeProvider } = await context.loadTokens()
  const { now, signal } = context
  let text = (): string => 'asking the authorization server'
  const provider = createDeviceCodeProvider({
    ...server,
    ...client,
    scope,
    audience,
    now,
    onPrompt: async (prompt) => {
      const end = now() + prompt.expiresIn * 1000
      await say(context.stderr, clearedLine(context) + (await invitation(context, prompt)))
      text = () => `waiting for you to sign in there${left(end - now())}`
    },
  })
  return whileWaiting(
    context,
    () => text(),
    () => provider.tokens({ signal }),
  )
}

async function invitation(context: Context, prompt: DevicePrompt): Promise<string> {
  const { stderr } = context
  const style = styleFor(stderr, context)
  const { userCode, verificationUri, verificationUriComplete } = prompt
  const lines = [
    'To sign in, open this address in a browser, on any device:',
    '',
    `  ${style('bold', printable(verificationUri))}`,
    '',
    `and enter the code  ${style('bold', printable(userCode))}`,
  ]
  if (verificationUriComplete !== undefined) {
    lines.push(
      '',
      'Or this one, and see that it shows the same code:',
      '',
      `  ${printable(verificationUriComplete)}`,
    )
    const shown = stderr.isTTY === true ? await picture(context, verificationUriComplete) : undefined
    if (shown !== undefined) lines.push('', shown)
  }
  return `${lines.join('\n')}\n\n`
}

/**
 * The link for the camera of a telephone. It is light on dark; where colours can be set, in any terminal. Nothing for a link
 * that is too long for a picture, or for one that the terminal can show.
 */
async function picture(context: Context, link: string): Promise<string | undefined> {
  const { encodeQR } = await import('qr')
  let drawn: string
  try {
    drawn = encodeQR(link, 'ascii', { ecc: 'low' })
  } catch {
    return undefined
  }
  const rows = drawn.split('\n').filter((row) => row !== '')
  if (rows.some((row) => row.length > widthOf(context.stderr))) return undefined
  const inColour = hasColours(context.stderr, context)
  return rows.map((row) => (inColour ? `\u001b[97;40m${row}\u001b[0m` : row)).join('\n')
}

/** More than a day is as good as no end: in seconds. */
const LONG = 24 * 3600

function left(milliseconds: number): string {
  if (milliseconds > LONG * 1000) return ''
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  return `; ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`
}
