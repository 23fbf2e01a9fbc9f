// Browsers, many at once, and how quickly they are served.
import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** A browser with a cookie jar and nothing else. */
export class Browser {
  /** @type {Map<string, string>} */
  #cookies = new Map()
  #port

  /** @param {number} port */
  constructor(port) {
    this.#port = port
  }

  /**
   * @param {string} path
   * @returns {Promise<{ status: number, location: string | undefined }>}
   */
  open(path) {
    const headers = {
      host: `localhost:${this.#port}`,
      accept: 'text/html',
      'sec-fetch-mode': 'navigate',
      cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    }
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: this.#port, path, headers, agent }, (res) => {
        for (const line of res.headers['set-cookie'] ?? []) this.#take(line)
        res.resume()
        res.on('end', () => resolve({ status: res.statusCode ?? 0, location: res.headers.location }))
        res.on('error', reject)
      })
        .on('error', reject)
        .end()
    })
  }

  /** @param {import('./scaling-provider.mjs').Provider} provider */
  async signIn(provider) {
    const { location, status } = await this.open('/login')
    if (location === undefined) throw new Error(`/login answered ${status}`)
    const callback = provider.approve(new URL(location))
    const done = await this.open(callback.pathname + callback.search)
    if (done.status !== 303) throw new Error(`the callback answered ${done.status}`)
  }

  async hello() {
    const { status } = await this.open('/hello')
    if (status !== 200) throw new Error(`/hello answered ${status}`)
  }

  /** @param {string} line */
  #take(line) {
    const [pair = ''] = line.split(';')
    const at = pair.indexOf('=')
    this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
  }
}

/**
 * Does some work for a time, several at once.
 *
 * @param {number} seconds
 * @param {number} parallel
 * @param {(turn: number) => Promise<void>} work
 * @returns {Promise<number>} how often it was done
 */
export async function doFor(seconds, parallel, work) {
  const end = performance.now() + seconds * 1000
  let turn = 0
  const worker = async () => {
    while (performance.now() < end) await work(turn++)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return turn
}

/**
 * Does some work once for each.
 *
 * @template T
 * @param {readonly T[]} items
 * @param {number} parallel
 * @param {(item: T) => Promise<void>} work
 */
export async function doForAll(items, parallel, work) {
  const rest = items.values()
  const worker = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}

/** @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
