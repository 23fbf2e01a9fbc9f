import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeProtectedHeader } from 'jose'

/** Another address of a server, as OIDC_INTERNAL_URL names one: passes everything on, and remembers forms. */
export interface FormRecorder {
  readonly origin: string
  readonly forms: URLSearchParams[]
  /** The key that signed the newest assertion. */
  lastKid(): string | undefined
  close(): Promise<void>
}

export async function startFormRecorder(target: string): Promise<FormRecorder> {
  const { hostname, port } = new URL(target)
  const forms: URLSearchParams[] = []
  const server = createServer((req, res) => {
    const { method, url, headers } = req
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks)
      if (body.length > 0) forms.push(new URLSearchParams(body.toString()))
      const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(res)
      })
      onward.on('error', () => res.writeHead(502).end())
      onward.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forms,
    lastKid: () => decodeProtectedHeader(forms.at(-1)?.get('client_assertion') ?? '').kid,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
