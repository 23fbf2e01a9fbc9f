#!/usr/bin/env node
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createApp } from './app.js'
import { ConfigError, loadConfig, type Config } from './config.js'
import { createServer } from './http/create-server.js'
import { createLog, type Log } from './log.js'
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

/** Promise P-15: not ready at once, requests in flight end properly, a second signal ends at once. */
function endOnSignal(
  closers: readonly (() => Promise<void>)[],
  { grace, log, onBegin }: { grace: number; log: Log; onBegin: () => void },
): void {
  let ending = false
  const end = (signal: string): void => {
    if (ending) process.exit(1)
    ending = true
    onBegin()
    log.info({ code: 'shutdown', signal }, 'ending')
    void Promise.all(closers.map((close) => close())).then(() => process.exit(0))
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
  if (config.production)
    log.warn({ code: 'memory_store' }, 'sessions are kept in this one process and end with it')
  let shuttingDown = false
  const services = {
    ...buildServices({ ...config, accountPath: '/account', log }),
    trustProxy: config.trustProxy,
    isShuttingDown: () => shuttingDown,
  }
  const app = createApp(services)
  const closers: (() => Promise<void>)[] = []
  endOnSignal(closers, {
    grace: config.shutdownGrace,
    log,
    onBegin: () => {
      shuttingDown = true
    },
  })
  let { port } = config
  for (const host of addressesOf(config.host)) {
    const server = createServer(app, config)
    const close = closerOf(server)
    if (!(await listen(server, port, host))) continue
    closers.push(close)
    // With PORT=0 the system has chosen, for the next address, too.
    port = portOf(server)
  }
  log.info({ code: 'listening', url: config.publicUrl, port, issuer: config.issuer }, 'listening')
}

main().catch((error: unknown) => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const what =
    code === 'EADDRINUSE'
      ? 'PORT is taken by another process'
      : code === 'EACCES'
        ? 'PORT may not be used by this user'
        : String(error)
  process.stderr.write(`Latchkey cannot start: ${what}\n`)
  process.exit(1)
})
