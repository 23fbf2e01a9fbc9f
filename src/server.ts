import type { Server } from 'node:http'
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

/** Promise P-15: not ready at once, requests in flight end properly, a second signal ends at once. */
function endOnSignal(
  servers: readonly Server[],
  { grace, log, onBegin }: { grace: number; log: Log; onBegin: () => void },
): void {
  let ending = false
  const end = (signal: string): void => {
    if (ending) process.exit(1)
    ending = true
    onBegin()
    log.info({ code: 'shutdown', signal }, 'ending')
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    void Promise.all(closed).then(() => process.exit(0))
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
    ...buildServices({ ...config, log }),
    trustProxy: config.trustProxy,
    isShuttingDown: () => shuttingDown,
  }
  const app = createApp(services)
  const servers: Server[] = []
  endOnSignal(servers, {
    grace: config.shutdownGrace,
    log,
    onBegin: () => {
      shuttingDown = true
    },
  })
  for (const host of addressesOf(config.host)) {
    const server = createServer(app, config)
    if (await listen(server, config.port, host)) servers.push(server)
  }
  log.info(
    { code: 'listening', url: config.publicUrl, port: config.port, issuer: config.issuer },
    'listening',
  )
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
