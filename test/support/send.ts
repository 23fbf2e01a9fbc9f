import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import type { Jar } from './browser-jar.js'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly location: string | undefined
  readonly cookies: readonly string[]
  json(): unknown
}

export interface Send {
  readonly method?: string
  readonly jar?: Jar
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

/** One HTTP request on a connection of its own, redirects not followed. */
export function send(
  server: { readonly hostname: string; readonly port: string | number },
  path: string,
  { method = 'GET', jar, headers = {}, body }: Send = {},
): Promise<Answer> {
  const cookie = jar === undefined || jar.header === '' ? {} : { cookie: jar.header }
  const { hostname, port } = server
  return new Promise((resolve, reject) => {
    const req = request(
      { hostname, port, method, path, headers: { ...cookie, ...headers }, agent: false },
      (res) => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('error', reject)
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const cookies = res.headers['set-cookie'] ?? []
          jar?.take(cookies)
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            rawHeaders: res.rawHeaders,
            body: text,
            location: res.headers.location,
            cookies,
            json: () => JSON.parse(text) as unknown,
          })
        })
      },
    )
    req.on('error', reject)
    req.end(body)
  })
}
