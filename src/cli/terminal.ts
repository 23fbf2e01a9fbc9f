import type { Context, Output } from './context.js'

/** Whether a stream takes colours: a terminal whose person has not said no. @see {@link https://no-color.org} */
export function hasColours(stream: Output, { env }: Pick<Context, 'env'>): boolean {
  return knowsEscapes(stream, { env }) && (env['NO_COLOR'] ?? '') === ''
}

function knowsEscapes(stream: Output, { env }: Pick<Context, 'env'>): boolean {
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

/** In characters. A terminal that does not know its own is a usual one. */
export function widthOf({ columns = 0 }: Pick<Output, 'columns'>): number {
  return columns > 0 ? columns : 80
}

const CODES = { bold: 1, red: 31, green: 32, yellow: 33 } as const

export type Style = (name: keyof typeof CODES, text: string) => string

/** Colours for one stream, or none. */
export function styleFor(stream: Output, context: Pick<Context, 'env'>): Style {
  return hasColours(stream, context)
    ? (name, text) => `\u001b[${CODES[name]}m${text}\u001b[0m`
    : (_name, text) => text
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
/** Milliseconds. What takes less time than the first needs no sign of life. */
const [DELAY, STEP] = [250, 120]

/** What takes the sign of life off a terminal before something else is written there. */
export const clearedLine = ({ stderr, env }: Pick<Context, 'stderr' | 'env'>): string =>
  knowsEscapes(stderr, { env }) ? '\r\u001b[K' : ''

/** What ends the line on a terminal that something was left on, such as the `^C` of an interruption. */
export function endedLine(context: Pick<Context, 'stderr' | 'env'>): string {
  return clearedLine(context) || (context.stderr.isTTY === true ? '\n' : '')
}

/**
 * Shows on a terminal that something is going on, as long as `work` runs; elsewhere shows nothing.
 *
 * @param text what is waited for, asked anew for every picture
 */
export async function whileWaiting<T>(
  context: Pick<Context, 'stderr' | 'env' | 'signal'>,
  text: () => string,
  work: () => Promise<T>,
): Promise<T> {
  const { stderr, signal } = context
  // At once: nobody may wait for the work to end.
  const leave = (): void => void stderr.write(endedLine(context))
  signal.addEventListener('abort', leave)
  try {
    return await (knowsEscapes(stderr, context) ? withSigns(context, text, work) : work())
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

async function withSigns<T>(
  context: Pick<Context, 'stderr' | 'env' | 'signal'>,
  text: () => string,
  work: () => Promise<T>,
): Promise<T> {
  const { stderr, signal } = context
  let frame = 0
  const draw = (): void => {
    const line = `${FRAMES[frame++ % FRAMES.length] ?? ''} ${text()}`
    stderr.write(`${clearedLine(context)}${line.slice(0, widthOf(stderr) - 1)}`)
  }
  let timer = setTimeout(() => {
    draw()
    timer = setInterval(draw, STEP)
  }, DELAY)
  const stop = (): void => clearTimeout(timer)
  signal.addEventListener('abort', stop)
  try {
    return await work()
  } finally {
    stop()
    signal.removeEventListener('abort', stop)
    if (frame > 0 && !signal.aborted) stderr.write(clearedLine(context))
  }
}
