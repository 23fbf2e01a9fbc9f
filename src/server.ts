#!/usr/bin/env node
import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createApp } from './app.js'
import { ConfigError, loadConfig, type Config } from './config.js'
import { createServer } from './http/create-server.js'
import { createManagement } from './http/management.js'
import { createPrometheus } from './http/prometheus.js'
import { createLog } from './json-log.js'
import type { Log } from './log.js'
import { buildServices } from './services.js'

function readConfig(): Config {
  try {
    return loadConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

/** `localhost` means both loopback addresses, as browsers try either. */
function addressesOf(host: string): readonly string[] {
  return host === 'localhost' ? ['127.0.0.1', '::1'] : [host]
}

function listen(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has no ::1.
      if (host === '::1' && (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT')) resolve(false)
      else reject(error)
    })
    server.listen(port, host, () => resolve(true))
  })
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

/**
 * Makes the function that closes a server: answers under way are finished, and no connection is used for another
 * one, however long its other side would keep it. A proxy's connections are never idle for long.
 */
function closerOf(server: Server): () => Promise<void> {
  /** Every open connection with its latest answer. */
  const connections = new Map<Socket, ServerResponse | undefined>()
  let closing = false
  server.on('connection', (socket) => {
    connections.set(socket, undefined)
    socket.once('close', () => connections.delete(socket))
  })
  // Before the app, whose headers may be sent when it returns.
  server.prependListener('request', ({ socket }, answer) => {
    connections.set(socket, answer)
    if (closing) answer.setHeader('Connection', 'close')
  })
  return () => {
    closing = true
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const [socket, answer] of connections) {
      if (answer === undefined || answer.writableFinished) socket.destroySoon()
      else if (answer.headersSent) answer.once('finish', () => socket.destroySoon())
      else answer.setHeader('Connection', 'close')
    }
    return closed
  }
}

type Closers = (() => Promise<void>)[]

const closeAll = async (closers: Closers): Promise<void> => {
  await Promise.all(closers.map((close) => close()))
}

/** Where one of our apps listens. */
interface Place {
  readonly config: Config
  readonly port: number
  /** The name of the setting that says so. */
  readonly setting: string
  /** Gets what closes it again. */
  readonly closers: Closers
}

/** Listens on every address of the host, and says at which port. */
async function serve(app: RequestListener, { config, port, setting, closers }: Place): Promise<number> {
  let chosen = port
  for (const host of addressesOf(config.host)) {
    const server = createServer(app, config)
    const close = closerOf(server)
    const listening = await listen(server, chosen, host).catch((error: unknown) => {
      throw new StartError(whyNot(error, setting), { cause: error })
    })
    if (!listening) continue
    closers.push(close)
    // With a port of 0 the system has chosen, for the next address, too.
    chosen = portOf(server)
  }
  return chosen
}

/** Why the process cannot start, in words for the operator. */
class StartError extends Error {}

function whyNot(error: unknown, setting: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return `${setting} is taken by another process`
  if (code === 'EACCES') return `${setting} may not be used by this user`
  return String(error)
}

/** Promise P-15: not ready at once, requests in flight end properly, a second signal ends at once. */
function endOnSignal(
  close: () => Promise<void>,
  { grace, log, onBegin }: { grace: number; log: Log; onBegin: () => void },
): void {
  let ending = false
  const end = (signal: string): void => {
    if (ending) process.exit(1)
    ending = true
    onBegin()
    log.info({ code: 'shutdown', signal }, 'ending')
    void close().then(() => process.exit(0))
    setTimeout(() => {
      log.warn({ code: 'shutdown_forced' }, 'SHUTDOWN_GRACE is over')
      process.exit(1)
    }, grace * 1000)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

/** An error outside any request: nothing is known about the state of the process any more. */
function endOnBug(log: Log): void {
  const end = (error: unknown): void => {
    const fields =
      error instanceof Error ? { reason: `${error.name}: ${error.message}`, stack: error.stack } : {}
    log.error({ code: 'internal_error', ...fields }, 'an error outside any request')
    process.exit(1)
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
}

async function main(): Promise<void> {
  const config = readConfig()
  const log = createLog(config.logLevel)
  endOnBug(log)
  if (config.production && config.redisUrl === undefined)
    log.warn({ code: 'memory_store' }, 'sessions are kept in this one process and end with it')
  let shuttingDown = false
  const prometheus = config.managementPort === undefined ? undefined : createPrometheus()
  const services = {
    ...buildServices({ ...config, accountPath: '/account', log, metrics: prometheus?.metrics }),
    trustProxy: config.trustProxy,
    isShuttingDown: () => shuttingDown,
  }
  const [open, management]: [Closers, Closers] = [[], []]
  // Readiness can be asked for until all else has ended.
  endOnSignal(() => closeAll(open).then(() => closeAll(management)), {
    grace: config.shutdownGrace,
    log,
    onBegin: () => {
      shuttingDown = true
    },
  })
  const port = await serve(createApp(services), { config, port: config.port, setting: 'PORT', closers: open })
  const managementPort =
    prometheus &&
    (await serve(createManagement({ ...services, prometheus }), {
      config,
      port: config.managementPort ?? 0,
      setting: 'MANAGEMENT_PORT',
      closers: management,
    }))
  const { publicUrl: url, issuer } = config
  log.info({ code: 'listening', url, port, management_port: managementPort, issuer }, 'listening')
}

main().catch((error: unknown) => {
  const what = error instanceof StartError ? error.message : String(error)
  process.stderr.write(`Latchkey cannot start: ${what}\n`)
  process.exit(1)
})
