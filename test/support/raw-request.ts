import { connect } from 'node:net'

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  readonly status: number
  /** Names in lower case; a name that is there twice keeps the last value. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** All that came, further answers included. */
  readonly text: string
}

/**
 * Sends bytes as they are, which no HTTP client would send, and reads until the other side closes.
 *
 * `bytes` is taken as Latin-1, so that every byte can be written.
 */
export function sendRaw(port: number, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString())))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A server that has said no need not read the rest.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
  })
}

/** Lines of a request, with an empty one at its end. */
export function sendLines(port: number, lines: readonly string[]): Promise<RawAnswer> {
  return sendRaw(port, `${lines.join('\r\n')}\r\n\r\n`)
}

/** One request line and headers, after which the connection is closed. */
export function rawGet(port: number, target: string, headers: readonly string[] = []): Promise<RawAnswer> {
  const lines = [`GET ${target} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers, 'Connection: close']
  return sendLines(port, lines)
}

function parse(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0),
    headers,
    body: rest.join('\r\n\r\n'),
    text,
  }
}
