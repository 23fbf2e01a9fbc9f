import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly location: string | undefined
  readonly text: string
}

/** Sends bytes as they are, for requests that no HTTP client would make. Ends with `Connection: close` or an error. */
export function sendRaw(port: number, lines: readonly string[]): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`))
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('error', reject)
    socket.on('close', () =>
      resolve({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
        location: /^location: (.*)\r$/im.exec(text)?.[1],
        text,
      }),
    )
  })
}
